/**
 * What our own client and server say to each other beyond the Language Server Protocol. Plain types and names, because
 * client and server carry their own copies of the protocol library. No other client needs any of it.
 */

import type { Unknown } from '../core/answer.ts';
import type { Ecosystem } from '../core/lookalike.ts';

/** `initializationOptions`, every part of which may be missing. */
export interface WaybillInitializationOptions {
  /** Whether the user trusts the workspace; without that no credential and no policy file of the workspace is used. */
  readonly trusted?: boolean;
  /** The client runs the commands `waybill.explainRule` and `waybill.disableRule`, so code actions may name them. */
  readonly commands?: boolean;
  /** The client wants `waybill/status` notifications. */
  readonly status?: boolean;
  /** An absolute path: where answers of look-ups outlive the session. The system's own place for caches unless given. */
  readonly cacheFolder?: string;
  /** Settings for clients without `workspace/configuration`: the keys below `waybill`. */
  readonly [setting: string]: unknown;
}

/**
 * What our client starts Node.js with: a smaller young generation (16 MB and more unless told), whose two halves never shrink. It
 * costs no time that could be measured (docs/performance.md, "Memory").
 */
export const SERVER_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** Client to server, a notification without parameters: the user trusts the workspace now. */
export const DID_GRANT_TRUST = 'waybill/didGrantTrust';

/** Client to server, a request with `ScanParams` or none: read all files of the workspace again. */
export const SCAN_WORKSPACE = 'waybill/scanWorkspace';

/** The parameters of `SCAN_WORKSPACE`. */
export interface ScanParams {
  /** Where `$/progress` with `ScanProgress` goes; none is sent without it. */
  readonly progressToken?: string;
}

/** How far a scan is. */
export interface ScanProgress {
  readonly files: number;
}

/** The answer to `SCAN_WORKSPACE`. */
export interface ScanResult {
  readonly files: number;
  readonly error: number;
  readonly warning: number;
  readonly info: number;
  readonly hint: number;
  readonly unknown: number;
}

/** Client to server, a request with `PinParams`: plan all safe fixes of the workspace. Looks up what they need; changes nothing. */
export const PIN_EVERYTHING = 'waybill/pinEverything';

/** The parameters of `PIN_EVERYTHING`. */
export interface PinParams {
  /** Where `$/progress` with `PinProgress` goes; none is sent without it. */
  readonly progressToken?: string;
}

/** How far it is: files read, or facts about to be looked up. */
export type PinProgress = { readonly files: number } | { readonly lookUps: number };

/** The answer to `PIN_EVERYTHING`. */
export interface PinAnswer {
  /** A `WorkspaceEdit` of the protocol: versioned, every edit with an annotation that names its rule. */
  readonly edit: unknown;
  /** How many fixes are in it. */
  readonly fixes: number;
  /** In how many files. */
  readonly files: number;
  /** What could not be fixed, and why: a sentence each, without a full stop. */
  readonly problems: readonly string[];
}

/** Client to server, a request without parameters: forget all that was looked up, and ask again for what is shown. */
export const REFRESH_LOOK_UPS = 'waybill/refreshLookUps';

/** The answer to `REFRESH_LOOK_UPS`. */
export interface RefreshResult {
  /** How many questions were asked again; none where the network is off or the workspace is not trusted. */
  readonly asked: number;
  /** How many of them have no answer. */
  readonly unknown: number;
}

/** Server to client, a notification: what is going on. */
export const STATUS = 'waybill/status';

/** The parameters of `STATUS`. */
export interface Status {
  /** How many look-ups are under way. */
  readonly lookUps: number;
  /** The last look-up that failed, as a sentence; undefined where the last one went well. */
  readonly failure?: string;
}

/** Client to server, a request with `DocumentStatusParams`: what is unknown of an open document. */
export const DOCUMENT_STATUS = 'waybill/documentStatus';

/** The parameters of `DOCUMENT_STATUS`. */
export interface DocumentStatusParams {
  readonly textDocument: { readonly uri: string };
}

/** The answer to `DOCUMENT_STATUS`; null for a document that is not open or that no format of ours reads. */
export interface DocumentStatus {
  /** How many questions have no answer, by the reason, most first. */
  readonly unknown: readonly { readonly why: Unknown; readonly count: number }[];
}

/** Client to server, a request with `DocumentStatusParams`: what an open lockfile brings in since the last commit. */
export const LOCKFILE_CHANGE = 'waybill/lockfileChange';

/** The answer to `LOCKFILE_CHANGE`; null for a document that is not open or no lockfile. `document` is Markdown for people. */
export type LockfileChange =
  | {
      readonly state: 'known';
      /** Whether nothing that is installed is different. */
      readonly isEmpty: boolean;
      /** The commit that it was compared with. */
      readonly commit: string;
      /** One line of plain text. */
      readonly summary: string;
      readonly document: string;
    }
  | { readonly state: 'unknown'; readonly reason: string; readonly document: string };

/** A name that looks like another, as it stands in a document. */
export interface NameInDocument {
  readonly textDocument: { readonly uri: string };
  readonly ecosystem: Ecosystem;
  readonly name: string;
}

/** Client to server, a request with `AllowParams`: plan the edit of the policy file that allows a name. Changes nothing. */
export const ALLOW_NAME = 'waybill/allowName';

/** The parameters of `ALLOW_NAME`. */
export interface AllowParams extends NameInDocument {
  readonly reason: string;
}

/** The answer to `ALLOW_NAME`. */
export type AllowAnswer =
  | {
      /** A `WorkspaceEdit` of the protocol, of the policy file at `uri` alone; it may make the file. */
      readonly edit: unknown;
      readonly uri: string;
      /** What `waybill.policy` has to be set to, so that the file is read; missing where it is set already. */
      readonly setting?: string;
    }
  /** Why not, as a sentence. */
  | { readonly failed: string };

/** Client to server, a request with `CompareParams`: what is known of a name and of the one that it looks like. Looks both up. */
export const COMPARE_NAMES = 'waybill/compareNames';

/** The parameters of `COMPARE_NAMES`. */
export type CompareParams = NameInDocument;

/** The answer to `COMPARE_NAMES`: a page of Markdown for people with a title, or a sentence on why there is none. */
export type CompareAnswer = { readonly title: string; readonly document: string } | { readonly failed: string };

/** Server to client, a request: the files of an open folder. Asked only by a server that cannot read them itself. */
export const LIST_FILES = 'waybill/listFiles';

/** The parameters of `LIST_FILES`: the URI of an open folder. */
export interface ListFilesParams {
  readonly folder: string;
}

/** The answer to `LIST_FILES`. */
export interface ListedFiles {
  readonly uris: readonly string[];
  /** There are more than the client lists. */
  readonly truncated: boolean;
}

/** Server to client, a request: the text of a file in an open folder. Asked only by a server that cannot read it itself. */
export const READ_FILE = 'waybill/readFile';

/** The parameters of `READ_FILE`. */
export interface ReadFileParams {
  readonly uri: string;
}

/** The answer to `READ_FILE`. `text` is missing where the file is no text in UTF-8, or too large. */
export interface ReadFile {
  readonly exists: boolean;
  readonly text?: string;
}

/** Server to client, a request without parameters: the list of well-known names in base64. Asked only by a server in a web worker. */
export const READ_LOOKALIKES = 'waybill/readLookalikes';

/** How many files a client lists of a folder, and how large a file is that it reads, in bytes. */
export const FILE_LIMITS = { files: 20_000, bytes: 16 * 1024 * 1024 } as const;

/** The command that shows a rule's page; its argument is the rule's id. */
export const EXPLAIN_RULE = 'waybill.explainRule';

/** The command that switches a rule off in the settings; its argument is the rule's id. */
export const DISABLE_RULE = 'waybill.disableRule';

/** The command that shows what a lockfile brings in; its argument is the document's URI, or none for the active one. */
export const SHOW_LOCKFILE_CHANGE = 'waybill.showLockfileChange';

/** The command that allows a name in the policy file; its argument is a `NameInDocument`. It asks for the reason. */
export const ALLOW_NAME_COMMAND = 'waybill.allowName';

/** The command that shows two names side by side; its argument is a `NameInDocument`, or none for a name that the user types. */
export const COMPARE_NAMES_COMMAND = 'waybill.compareNames';
