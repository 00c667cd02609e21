import { baseName } from '../core/source-file.ts';
import { type Invocation, takesNext } from './shell-invocation.ts';
import type { Word } from './shell-tree.ts';

/** What an invocation fetches from another machine, and where it puts it. */
export interface Download {
  readonly invocation: Invocation;
  /** The first address as written, `''` where there is none to see. */
  readonly url: string;
  /** Whether it comes over a connection that anybody on the way can change. */
  readonly plain: boolean;
  /** Whether it can be no other content tomorrow (a commit in the address), or comes from this machine. */
  readonly trusted: boolean;
  /** The files it is written to; empty where it goes to the standard output. */
  readonly files: readonly string[];
  /** Whether the files' names were not asked for: `wget URL`. */
  readonly implicit: boolean;
}

interface Tool {
  /** Options that take the next word. */
  readonly letters: string;
  readonly long: readonly string[];
  readonly output: readonly string[];
  /** Options that keep the name that the address has. */
  readonly remoteName: readonly string[];
  /** Options with which nothing is fetched to be used. */
  readonly not: readonly string[];
  /** Whether it writes a file unless told otherwise. */
  readonly savesByDefault: boolean;
  /** Whether an address may lack its scheme; it is then `http`. */
  readonly guessesHttp: boolean;
}

const words = (text: string): readonly string[] => text.split(' ');
const HTTPIE: Tool = {
  letters: 'oapAsv',
  long: words('output auth print session verify timeout proxy'),
  output: ['-o', '--output'],
  remoteName: ['-d', '--download'],
  not: ['--offline', '--help', '--version'],
  savesByDefault: false,
  guessesHttp: false,
};
const TOOLS: Readonly<Record<string, Tool>> = {
  curl: {
    letters: 'AbcCdDeEFHKmoPQrtTuUwxXyYz',
    long: words(
      'output output-dir header user user-agent request data data-raw data-binary data-urlencode json form retry retry-delay ' +
        'retry-max-time max-time connect-timeout max-filesize max-redirs proto proto-redir proto-default cacert capath cert key ' +
        'pass referer cookie cookie-jar proxy proxy-user resolve connect-to range write-out interface ciphers tls-max tls13-ciphers ' +
        'limit-rate speed-limit speed-time config variable oauth2-bearer aws-sigv4 noproxy unix-socket dns-servers etag-save ' +
        'etag-compare upload-file dump-header stderr trace trace-ascii create-file-mode pinnedpubkey',
    ),
    output: ['-o', '--output'],
    remoteName: ['-O', '--remote-name', '--remote-name-all'],
    not: ['-I', '--head', '-V', '--version', '-h', '--help', '--manual', '-T', '--upload-file'],
    savesByDefault: false,
    guessesHttp: true,
  },
  wget: {
    letters: 'aABDeiIlOoPQRtTUwX',
    long: words(
      'output-document output-file directory-prefix tries timeout user password header user-agent post-data post-file method ' +
        'body-data body-file ca-certificate certificate private-key referer load-cookies waitretry wait secure-protocol execute',
    ),
    output: ['-O', '--output-document'],
    remoteName: [],
    not: ['--spider', '-V', '--version', '-h', '--help'],
    savesByDefault: true,
    guessesHttp: true,
  },
  fetch: { letters: 'oTw', long: [], output: ['-o'], remoteName: [], not: [], savesByDefault: true, guessesHttp: false },
  aria2c: {
    letters: 'odxsjk',
    long: words('out dir split max-connection-per-server checksum header'),
    output: ['-o', '--out'],
    remoteName: [],
    not: ['--version', '--help'],
    savesByDefault: true,
    guessesHttp: false,
  },
  axel: { letters: 'on', long: ['output'], output: ['-o', '--output'], remoteName: [], not: [], savesByDefault: true, guessesHttp: false },
  http: HTTPIE,
  https: HTTPIE,
  xh: HTTPIE,
  lynx: { letters: '', long: [], output: [], remoteName: [], not: [], savesByDefault: false, guessesHttp: false },
};
const POWERSHELL = new Set(['iwr', 'irm', 'invoke-webrequest', 'invoke-restmethod', 'curl', 'wget', 'start-bitstransfer']);
const CLIENT_METHOD = /\.Download(String|Data|File)\(\s*(?:\[[^\]]*\]\s*)?['"]([^'"]*)['"]\s*(?:,\s*['"]([^'"]*)['"])?/i;

/** What an invocation downloads; undefined where it downloads nothing that is used. */
export function downloadOf(invocation: Invocation): Download | undefined {
  const { name, command, words: all } = invocation;
  if (command.dialect === 'powershell') {
    const method = all.map(({ value }) => CLIENT_METHOD.exec(value)).find((match) => match !== null);
    if (method) return downloadFrom(invocation, [method[2] ?? ''], { files: method[3] === undefined ? [] : [method[3]] });
    if (POWERSHELL.has(name)) return powerShellDownload(invocation);
  }
  const storage = storageDownload(invocation);
  if (storage !== undefined) return storage;
  const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  return tool && toolDownload(invocation, tool);
}

function toolDownload(invocation: Invocation, tool: Tool): Download | undefined {
  const urls: string[] = [];
  const files: string[] = [];
  let keepsName = false;
  let folder = '';
  let onlyHttps = false;
  const rest = invocation.words.slice(1);
  for (let at = 0; at < rest.length; at++) {
    const { value } = rest[at] ?? { value: '' };
    if (!/^-./.test(value)) {
      if (isAddress(value, tool)) urls.push(value);
      continue;
    }
    const option = splitOption(value, tool);
    if (tool.not.some((not) => value === not || option.flags.includes(not))) return undefined;
    const argument = option.value ?? (takesNext(value, tool.letters, tool.long) || value === '--url' ? rest[++at]?.value : undefined);
    if (tool.output.includes(option.name) && argument !== undefined) files.push(argument);
    if (option.name === '--url' && argument !== undefined) urls.push(argument);
    if (/^(?:-P|--directory-prefix|--output-dir|--dir)$/.test(option.name) && invocation.name !== 'xh') folder = `${argument ?? ''}/`;
    if (/^--proto(?:-default)?$/.test(option.name) && /^=?https$/.test(argument ?? '')) onlyHttps = true;
    keepsName ||= tool.remoteName.some((flag) => option.flags.includes(flag));
  }
  if (urls.length === 0) return undefined;
  const implicit = files.length === 0 && tool.savesByDefault && !keepsName;
  const named = files.length > 0 ? files : keepsName || tool.savesByDefault ? urls.map(nameInUrl) : [];
  const toOutput = named.some((file) => file === '-' || file === '/dev/stdout');
  const written = toOutput ? [] : named.map((file) => (file.startsWith('/') ? file : folder + file));
  if (written.length > 0 && written.every((file) => file === '/dev/null')) return undefined;
  return downloadFrom(invocation, urls, { files: written, implicit, onlyHttps });
}

/** An option word's name, its flags where short ones stand together, and the value that stands in it. */
function splitOption(word: string, tool: Tool): { name: string; flags: readonly string[]; value: string | undefined } {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    return { name, flags: [name], value: equals < 0 ? undefined : word.slice(equals + 1) };
  }
  const flags: string[] = [];
  for (let i = 1; i < word.length; i++) {
    const flag = `-${word[i] ?? ''}`;
    flags.push(flag);
    if (tool.letters.includes(word[i] ?? '')) return { name: flag, flags, value: i < word.length - 1 ? word.slice(i + 1) : undefined };
  }
  return { name: flags.at(-1) ?? '', flags, value: undefined };
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HOST = /^(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|$)/i;

function isAddress(value: string, tool: Tool): boolean {
  return SCHEME.test(value) || (tool.guessesHttp && (HOST.test(value) || /[$%`]/.test(value)));
}

function powerShellDownload(invocation: Invocation): Download | undefined {
  const urls: string[] = [];
  const files: string[] = [];
  const rest = invocation.words.slice(1);
  for (let at = 0; at < rest.length; at++) {
    const { value } = rest[at] ?? { value: '' };
    if (/^-(?:outfile|out|outf|o|destination|output)$/i.test(value)) files.push(rest[++at]?.value ?? '');
    else if (/^-(?:uri|ur|u|source)$/i.test(value)) urls.push(rest[++at]?.value ?? '');
    else if (/^-(?:headers|method|body|useragent|proxy|credential|contenttype|timeoutsec|maximumretrycount|retryintervalsec)$/i.test(value))
      at++;
    else if (!value.startsWith('-')) urls.push(value);
  }
  return urls.length === 0 ? undefined : downloadFrom(invocation, urls, { files });
}

/** `aws s3 cp SOURCE TARGET`, `gsutil cp`, `gcloud storage cp` and their `cat`. */
function storageDownload(invocation: Invocation): Download | undefined {
  const operands = invocation.words.slice(1).filter(({ value }) => !value.startsWith('-') || value === '-');
  const texts = operands.map(({ value }) => value);
  const verbs: Readonly<Record<string, string>> = { aws: 's3', gcloud: 'storage' };
  if (invocation.name !== 'gsutil' && (!Object.hasOwn(verbs, invocation.name) || texts[0] !== verbs[invocation.name])) return undefined;
  const [verb, source, target] = texts.slice(invocation.name === 'gsutil' ? 0 : 1);
  if (source === undefined || !/^(?:s3|gs):\/\//.test(source)) return undefined;
  if (verb === 'cat') return downloadFrom(invocation, [source], { files: [] });
  if ((verb !== 'cp' && verb !== 'mv') || target === undefined || SCHEME.test(target)) return undefined;
  return downloadFrom(invocation, [source], { files: target === '-' ? [] : [/(?:^|\/)\.?$/.test(target) ? nameInUrl(source) : target] });
}

interface Target {
  readonly files: readonly string[];
  readonly implicit?: boolean;
  readonly onlyHttps?: boolean;
}

function downloadFrom(invocation: Invocation, urls: readonly string[], { files, implicit = false, onlyHttps = false }: Target): Download {
  return {
    invocation,
    url: urls[0] ?? '',
    plain: urls.some((url) => !isTrusted(url) && (/^(?:http|ftp):\/\//i.test(url) || (HOST.test(url) && !onlyHttps))),
    trusted: urls.length > 0 && urls.every(isTrusted),
    files,
    implicit,
  };
}

const LOOPBACK = /^(?:[a-z]+:\/\/)?(?:[^@/]*@)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?::|\/|$)/i;
/** Hosts that serve a commit's files under its forty hex digits. */
const AT_COMMIT =
  /^https:\/\/(?:(?:raw|gist)\.githubusercontent\.com|github\.com|gitlab\.com|codeberg\.org|bitbucket\.org|cdn\.jsdelivr\.net\/gh)\/[^?#]*[/@][0-9a-f]{40}\//i;

function isTrusted(url: string): boolean {
  return LOOPBACK.test(url) || /^file:\/\//i.test(url) || AT_COMMIT.test(url);
}

/** The last part of an address's path: what `curl -O` and `wget` call the file. */
function nameInUrl(url: string): string {
  return baseName(url.replace(/[?#].*$/s, ''));
}

/** An address for a message: no user name, password or query, which may hold secrets. */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

const SUMS = /^(?:(?:sha(?:1|224|256|384|512)|md5|b[23]|ck)sum|shasum|sha(?:256|512)|md5|rhash)$/;
const HASHING_CODE = /hash_file|hashlib|openssl_verify|createHash|createVerify|Digest::|Get-FileHash/;

/**
 * Whether an invocation compares a download with a checksum or verifies a signature. A sum that is only printed compares
 * nothing; `isUsed` says that something reads it (a substitution, the next command of a pipeline).
 */
export function isCheck({ name, words: all }: Invocation, isUsed: boolean): boolean {
  const values = all.slice(1).map(({ value }) => value);
  if (SUMS.test(name)) return isUsed || values.some((value) => /^(?:-[a-z]*c[a-z]*|--check.*)$/i.test(value));
  switch (name) {
    case 'gpg':
    case 'gpg2':
    case 'codesign':
      return values.includes('--verify') || values.includes('-v');
    case 'gpgv':
    case 'gpgv2':
    case 'get-filehash':
      return true;
    case 'cosign':
    case 'notation':
    case 'slsa-verifier':
      return values[0]?.startsWith('verify') === true;
    case 'gh':
      return values[0] === 'attestation' && values[1] === 'verify';
    case 'minisign':
    case 'signify':
    case 'signify-openbsd':
      return values.some((value) => /^-[a-z]*[VC]/.test(value));
    case 'openssl':
      return values.includes('-verify') || (isUsed && /^(?:dgst|sha\d+)$/.test(values[0] ?? ''));
    case 'certutil':
      return values.some((value) => /^[-/]hashfile$/i.test(value));
    default:
      return /verif|check_?-?(?:sum|sha|hash|sig)/i.test(name) || all.some(({ value }) => HASHING_CODE.test(value));
  }
}

/** A file name as both its download and its run may write it. */
export function fileKey(name: string): string {
  return name.replaceAll('\\', '/').replace(/^(?:\.\/+)+/, '');
}

/** Whether a word is one command substitution and nothing else, quotes aside. */
export function isWholeSubstitution(text: string, word: Word): boolean {
  const [only] = word.substitutions;
  if (only === undefined || word.substitutions.length > 1) return false;
  const around = text.slice(word.start, only.start) + text.slice(only.end, word.end);
  return /^["@]*$/.test(around);
}
