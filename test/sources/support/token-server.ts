/** A token server as registries use it, and the certificate that a real registry trusts it by. */

import { execFileSync } from 'node:child_process';
import { createSign, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type Loopback, serve } from './loopback.ts';

/** The names that registry and token server agree on. */
export const TOKEN_ISSUER = 'waybill-test-issuer';
export const TOKEN_SERVICE = 'waybill-test-registry';

/** A private key and its certificate, as files. */
export interface KeyPair {
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
}

/** Makes a self-signed certificate for these names with openssl. Throws where openssl is missing. */
export function createKeyPair(directory: string, hosts: readonly string[] = ['localhost']): KeyPair {
  const keyFile = join(directory, 'test.key');
  const certFile = join(directory, 'test.crt');
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=waybill-test',
    '-addext',
    `subjectAltName=${names}`,
  ];
  execFileSync('openssl', [...args, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  return { keyFile, certFile, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}

/** A request for a token. */
export interface TokenRequest {
  readonly service: string | null;
  readonly scopes: readonly string[];
  readonly authorization: string | undefined;
}

/** The running token server. */
export interface TokenServer extends Loopback {
  readonly realm: string;
  readonly requests: readonly TokenRequest[];
  /** Whether this server made the token, for this repository. */
  isValid(token: string, repository: string): boolean;
}

/** Starts it: it gives everybody a token to pull what they ask for, except what `isDenied` names. */
export async function startTokenServer(keys: KeyPair, isDenied: (repository: string) => boolean = () => false): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const issued = new Map<string, readonly string[]>();
  const server = await serve((request: IncomingMessage, response: ServerResponse) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://loopback');
    const scopes = searchParams.getAll('scope');
    requests.push({ service: searchParams.get('service'), scopes, authorization: request.headers.authorization });
    const repositories = scopes.map((scope) => scope.split(':')[1] ?? '');
    if (repositories.some(isDenied)) return response.writeHead(401, { 'content-type': 'application/json' }).end('{"details":"denied"}');
    const token = sign(keys, repositories);
    issued.set(token, repositories);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: token, expires_in: 300 }));
  });
  return { ...server, realm: `${server.url}/token`, requests, isValid: (token, name) => issued.get(token)?.includes(name) === true };
}

/** A token for the test's own pushes. */
export function sign(keys: KeyPair, repositories: readonly string[], actions: readonly string[] = ['pull']): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = encode({ typ: 'JWT', alg: 'RS256', x5c: [new X509Certificate(keys.cert).raw.toString('base64')] });
  const access = repositories.map((name) => ({ type: 'repository', name, actions }));
  const times = { exp: nowSeconds + 300, nbf: nowSeconds - 10, iat: nowSeconds };
  const payload = encode({ iss: TOKEN_ISSUER, sub: '', aud: TOKEN_SERVICE, ...times, jti: randomUUID(), access });
  return `${header}.${payload}.${createSign('RSA-SHA256').update(`${header}.${payload}`).sign(keys.key).toString('base64url')}`;
}
