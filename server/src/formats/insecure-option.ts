import type { Edit } from '../core/finding.ts';
import { sourceSpan } from '../core/mapped-text.ts';
import { isLoopback } from './https-hosts.ts';
import { type Option, readOptions } from './install-command.ts';
import { pipCommandOf } from './pip-command.ts';
import { type Invocation, keptPerWords } from './shell-invocation.ts';
import type { Word } from './shell-tree.ts';
import { valueSpan, wordEdits } from './word-edits.ts';

/** What makes a command trust whoever answers. */
export interface InsecureUse {
  /** As written: `-k`, `http.sslVerify=false`, `NODE_TLS_REJECT_UNAUTHORIZED=0`. */
  readonly text: string;
  /** `unchecked`: certificates are not looked at; `environment`: nor by what runs later; `plain`: the connection is not encrypted. */
  readonly kind: 'unchecked' | 'environment' | 'plain';
  /** Where a finding begins, as an index into the command's source, where that is before the program. */
  readonly start?: number;
  /** What takes it out (`plain`: asks for https instead); undefined where that is not one small edit. */
  readonly edits: readonly Edit[] | undefined;
}

const STRICT_SSL = /^--(?:no-strict-ssl|strict-ssl=false)$/;
/** Long options that switch the check off, and short ones of one letter, by program. */
const FLAGS: Readonly<Record<string, RegExp>> = {
  curl: /^--(?:proxy-|doh-)?insecure$/,
  wget: /^--no-check-certificate$/,
  npm: STRICT_SSL,
  npx: STRICT_SSL,
  yarn: STRICT_SSL,
  pnpm: STRICT_SSL,
  helm: /^--insecure-skip-tls-verify(?:=true)?$/,
  skopeo: /^--(?:src-|dest-)?tls-verify=false$/,
  podman: /^--tls-verify=false$/,
  buildah: /^--tls-verify=false$/,
  oras: /^--insecure(?:=true)?$/,
  crane: /^--insecure(?:=true)?$/,
  apt: /^(?:-o)?Acquire::https(?:::[^:=]+)?::Verify-(?:Peer|Host)=(?:false|0|no)$/i,
  'apt-get': /^(?:-o)?Acquire::https(?:::[^:=]+)?::Verify-(?:Peer|Host)=(?:false|0|no)$/i,
  git: /^http\.(?:[^=]+\.)?sslVerify=(?:false|0|no)$/i,
};
const POWERSHELL = /^(?:iwr|irm|invoke-webrequest|invoke-restmethod)$/;
/** Options of curl behind which a letter of the same word is a value. */
const CURL_VALUES = 'AbcCdDeEFHKmoPQrtTuUwxXyYz';
/** `PROGRAM config set NAME false` and its kin: names whose values switch a check off. */
const SETTINGS: Readonly<Record<string, RegExp>> = {
  'strict-ssl': /^(?:false|0)$/,
  enablestrictssl: /^(?:false|0)$/,
  'http.sslverify': /^(?:false|0|no)$/,
  ssl_verify: /^(?:false|no)$/,
  'disable-tls': /^(?:true|1)$/,
  'secure-http': /^(?:false|0)$/,
};
const VARIABLES: Readonly<Record<string, RegExp>> = {
  NODE_TLS_REJECT_UNAUTHORIZED: /^0$/,
  GIT_SSL_NO_VERIFY: /^(?!0$|false$)./,
  PYTHONHTTPSVERIFY: /^0$/,
  npm_config_strict_ssl: /^(?:false|0)$/,
  NPM_CONFIG_STRICT_SSL: /^(?:false|0)$/,
  YARN_STRICT_SSL: /^(?:false|0)$/,
  YARN_ENABLE_STRICT_SSL: /^(?:false|0)$/,
  GOINSECURE: /./,
};

/** Whether a variable of the environment can make programs accept any certificate. */
export function mayDisableChecks(name: string): boolean {
  return Object.hasOwn(VARIABLES, name);
}

/** Whether a variable of the environment, set to a value, makes programs accept any certificate. */
export function disablesChecks(name: string, value: string): boolean {
  return mayDisableChecks(name) && VARIABLES[name]?.test(value) === true;
}

/** The insecure options, settings and variables of a command, in the order of its words. */
export function insecureUsesOf(invocation: Invocation, document: string): InsecureUse[] {
  return hasInsecureUses(invocation) ? readUses(invocation, document) : [];
}

// Nearly all commands have none, and which ones those are does not depend on where they stand: only the edits do.
const hasInsecureUses = keptPerWords((invocation) => readUses(invocation, '').length > 0);

function readUses(invocation: Invocation, document: string): InsecureUse[] {
  return [
    ...variablesOf(invocation, document),
    ...settingsOf(invocation, document),
    ...flagsOf(invocation, document),
    ...plainIndexes(invocation),
  ];
}

function variablesOf({ assignments, name, words, command }: Invocation, document: string): InsecureUse[] {
  const { source, dialect } = command;
  if (dialect === 'powershell') {
    const variable = /^\$env:(\w+)$/i.exec(assignments[0]?.value ?? '')?.[1];
    const value = words[0]?.value ?? '';
    return variable !== undefined && disablesChecks(variable, value)
      ? [{ text: `$env:${variable} = ${value}`, kind: 'environment', edits: undefined, start: command.start }]
      : [];
  }
  const sets = /^(?:export|set|declare|typeset|readonly)$/.test(name) ? words.slice(1) : [];
  return [...assignments, ...sets].flatMap((word): InsecureUse[] => {
    const equals = word.value.indexOf('=');
    if (equals < 0 || !disablesChecks(word.value.slice(0, equals), word.value.slice(equals + 1))) return [];
    // In front of a command it goes together with the blanks behind it.
    const next = blanksAt(source.text, word.end);
    const place = sourceSpan(source, word.start, word.end + next);
    if (sets.includes(word)) return [{ text: word.value, kind: 'environment', edits: undefined }];
    const isOne = document.slice(place.start, place.end) === source.text.slice(word.start, word.end + next);
    return [{ text: word.value, kind: 'unchecked', edits: isOne ? [{ span: place, text: '' }] : undefined, start: word.start }];
  });
}

function blanksAt(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at - from;
}

/** `npm config set strict-ssl false`, `git config --global http.sslVerify false`, `conda config --set ssl_verify no`. */
function settingsOf({ words, command }: Invocation, document: string): InsecureUse[] {
  if (!words.slice(1, 3).some(({ value }) => value === 'config' || value === 'set')) return [];
  return words.flatMap((word, i): InsecureUse[] => {
    const equals = word.value.indexOf('=');
    const name = (equals < 0 ? word.value : word.value.slice(0, equals)).toLowerCase();
    const off = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    const value = equals < 0 ? words[i + 1] : word;
    const text = equals < 0 ? (value?.value ?? '') : word.value.slice(equals + 1);
    if (off === undefined || value === undefined || !off.test(text)) return [];
    const place = valueSpan(command.source, value, value.value.length - text.length);
    const turned = /^(?:true|1)$/.test(text) ? 'false' : 'true';
    const isThere = place !== undefined && document.slice(place.start, place.end) === text;
    return [
      {
        text: `${name === 'http.sslverify' ? 'http.sslVerify' : name} ${text}`,
        kind: 'unchecked',
        edits: isThere ? [{ span: place, text: turned }] : undefined,
      },
    ];
  });
}

function flagsOf(invocation: Invocation, document: string): InsecureUse[] {
  const { name, words, command } = invocation;
  const isPowerShell = command.dialect === 'powershell' && POWERSHELL.test(name);
  const long = isPowerShell ? /^-SkipCertificateCheck$/i : Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (long === undefined || staysHere(words)) return [];
  return words.flatMap((word, i): InsecureUse[] => {
    const before = words[i - 1];
    if (long.test(word.value)) {
      // `-c http.sslVerify=false`, `-o Acquire::...`: the letter goes with its value.
      const isValue = !word.value.startsWith('-');
      if (isValue && before?.value !== '-c' && before?.value !== '-o') return [];
      const gone = isValue && before !== undefined ? [before, word] : [word];
      const edits = wordEdits(
        gone.map((one) => ({ word: one, text: '' })),
        command.source,
        document,
      );
      return [{ text: word.value, kind: 'unchecked', edits }];
    }
    if (/^--strict-ssl$/.test(before?.value ?? '') && word.value === 'false' && before !== undefined && long === STRICT_SSL) {
      const edits = wordEdits(
        [before, word].map((one) => ({ word: one, text: '' })),
        command.source,
        document,
      );
      return [{ text: '--strict-ssl false', kind: 'unchecked', edits }];
    }
    const at = name === 'curl' ? letterIn(word.value) : -1;
    if (at < 0 || (before !== undefined && takesValue(before.value))) return [];
    const place = valueSpan(command.source, word, at, at + 1);
    const alone = word.value.length === 2;
    const edits = alone ? wordEdits([{ word, text: '' }], command.source, document) : place && [{ span: place, text: '' }];
    return [{ text: '-k', kind: 'unchecked', edits }];
  });
}

/** Where `k` stands among the letters of a word of curl's; -1 where it does not. */
function letterIn(word: string): number {
  if (!/^-[^-]/.test(word)) return -1;
  for (let i = 1; i < word.length; i++) {
    if (word[i] === 'k') return i;
    if (CURL_VALUES.includes(word[i] ?? '')) return -1;
  }
  return -1;
}

/** Whether the word behind an option of curl's is its value. */
function takesValue(word: string): boolean {
  if (!/^-[^-]/.test(word)) return false;
  const at = [...word].findIndex((letter, i) => i > 0 && CURL_VALUES.includes(letter));
  return at === word.length - 1;
}

/** Whether all addresses of a command are of this machine, or of a name without a dot, which only a network of containers knows. */
function staysHere(words: readonly Word[]): boolean {
  const hosts = words.flatMap(({ value }) => hostIn(value) ?? []);
  return hosts.length > 0 && hosts.every((host) => isLoopback(host) || /^[\w-]+$/.test(host));
}

function hostIn(value: string): string | undefined {
  return /^(?:[a-z+]+:\/\/|docker:\/\/)?(?:[^/@\s]*@)?(\[::1\]|[a-z0-9.-]+)(?::\d+)?(?:[/?]|$)/i
    .exec(/^[a-z+]+:\/\/|^localhost|^127\./i.test(value) ? value : '')?.[1]
    ?.toLowerCase();
}

/** An address with plain http that somebody on the way could answer; its host. */
export function plainHost(address: string): string | undefined {
  const host = /^http:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]+)/i.exec(address)?.[1]?.toLowerCase();
  return host === undefined || isLoopback(host) || /^[\w-]+$/.test(host) ? undefined : host;
}

/** The edit that makes an address in an option one of https. */
export function httpsEdits({ command }: Invocation, { words, value = '' }: Option): readonly Edit[] | undefined {
  const word = words.at(-1);
  const from = word === undefined ? 0 : word.value.length - value.length;
  const place = word && valueSpan(command.source, word, from, from + 'http'.length);
  return place && [{ span: place, text: 'https' }];
}

/** Package indexes that are asked without encryption; those of npm's kin are run/untrusted-index's. */
function plainIndexes(invocation: Invocation): InsecureUse[] {
  const pip = pipCommandOf(invocation);
  const isGem = /^(?:gem|bundle)$/.test(invocation.name);
  const isConfig =
    /^(?:npm|yarn|pnpm)$/.test(invocation.name) && invocation.words.slice(1, 3).some(({ value }) => value === 'config' || value === 'set');
  const options = pip?.options ?? (isGem ? readOptions(invocation.words, { letters: 's', long: ['source'] }).options : []);
  const settings = isConfig
    ? invocation.words.filter((word, i) => /registry$/i.test(invocation.words[i - 1]?.value ?? '') && word.value !== '')
    : [];
  const found = [
    ...options.filter(({ name }) => /^(?:-i|index-url|index|default-index|-s|source)$/.test(name)),
    ...settings.map((word): Option => ({ name: 'registry', off: false, value: word.value, words: [word] })),
  ];
  return found.flatMap((option): InsecureUse[] =>
    plainHost(option.value ?? '') === undefined ? [] : [{ text: option.value ?? '', kind: 'plain', edits: httpsEdits(invocation, option) }],
  );
}
