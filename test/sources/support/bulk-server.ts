/** The endpoint for advisories, as `npm audit` asks it: a gzipped POST of names with versions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { bodyOf } from './loopback.ts';

/** What the endpoint answers: lists of advisories by name, a response of any other kind, or a body that ends before it should. */
export type BulkResponse =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | Readonly<Record<string, unknown>>
  | 'truncated';

/** The same for each request, or made for it. */
export type BulkAnswer = BulkResponse | ((body: Readonly<Record<string, readonly string[]>>) => BulkResponse | Promise<BulkResponse>);

/** A request as it came. */
export interface BulkRequest {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly encoding: string | undefined;
  readonly body: Readonly<Record<string, readonly string[]>>;
}

/** The endpoint's path below a registry's address, without a slash in front. */
export const BULK_PATH = '-/npm/v1/security/advisories/bulk';

/** Answers one request to the endpoint. */
export async function serveBulk(
  request: IncomingMessage,
  response: ServerResponse,
  { answer, asked }: { readonly answer: BulkAnswer; readonly asked: BulkRequest[] },
): Promise<void> {
  const bytes = await bodyOf(request);
  const { authorization, 'content-encoding': encoding } = request.headers;
  const body = JSON.parse((encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()) as BulkRequest['body'];
  asked.push({ url: request.url ?? '', authorization, encoding, body });
  const said = typeof answer === 'function' ? await answer(body) : answer;
  if (said === 'truncated') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"a":[');
    response.destroy();
    return;
  }
  if ('status' in said && typeof said.status === 'number') {
    const { status, body: text = '', headers = {} } = said as { status: number; body?: string; headers?: Record<string, string> };
    response.writeHead(status, headers).end(text);
    return;
  }
  // Like the public registry: only what is asked about.
  const told = Object.fromEntries(Object.entries(said).filter(([name]) => Object.hasOwn(body, name)));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told));
}

/** An advisory as the public registry words it: high, and about all versions unless said otherwise. */
export function advisory(id: string, members: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    id: 1,
    url: `https://github.com/advisories/${id}`,
    title: `About ${id}`,
    severity: 'high',
    vulnerable_versions: '*',
    cwe: ['CWE-1321'],
    cvss: { score: 7.2, vectorString: null },
    ...members,
  };
}
