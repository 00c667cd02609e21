import { VERSION } from '../data/product.generated.ts';

const OVERVIEW = `waybill ${VERSION}: every dependency with its papers

Finds supply-chain risk in package.json, lockfiles, Dockerfiles and GitHub workflows.

usage:
  waybill check [PATH...]     check files and folders (default: the current folder)
  waybill verify npm:NAME@VERSION | PATH...
                              verify where a package, or everything locked, was built from
  waybill explain RULE        what a rule finds, why it matters, how to fix it
  waybill rules               all rules, or with --data the lists they judge by
  waybill lookalike NAME      what a name looks like, or with --stdin which of many names do
  waybill lsp --stdio         the language server, for editors other than VS Code
  waybill help [COMMAND]      this text, or a command's options
  waybill version

"check" makes no connection unless --online is given, runs nothing of the checked project, and writes nothing unless --fix is given.`;

const TOPICS: Readonly<Record<string, string>> = {
  check: `usage: waybill check [PATH...] [options]

Checks files and folders. In folders, node_modules, .git and what .gitignore ignores are skipped; lockfiles and manifests count even if ignored.

options:
  --format text|json|sarif|github   how to print (default text)
  --output FILE, -o FILE            print into a file
  --fix                             apply the safe fixes; with --online also those that need a look-up
  --online                          look things up: repositories of actions, registries of images and packages
  --strict                          exit 2 when anything at all is unknown
  --trust                           with --online, ask the registries that the project's .npmrc names, and use your credentials of npm and Docker
  --policy FILE                     severities, ignores and required provenance of a team
  --fail-on error|warning|info|hint|never   from which severity on to exit with 1 (default warning)
  --min-severity S                  the least severity that text output shows (default warning)
  --stdin --stdin-filename NAME     check the text on standard input as if it were the file NAME

exit status: 0 nothing at or above --fail-on; 1 a finding at or above it; 2 wrong usage, unreadable PATH, unwritable output; else
with --online 2 for a look-up that failed (no answer, an error), and with --strict 2 for anything unknown.

environment, with --online:
  GITHUB_SERVER_URL, GITHUB_TOKEN or GH_TOKEN     the server of actions, and a token for it
  NPM_CONFIG_REGISTRY, NPM_CONFIG_USERCONFIG, ... npm's settings, as npm reads them; credentials only with --trust
  DOCKER_CONFIG                                   where "docker login" left credentials (default ~/.docker); only with --trust
  XDG_CACHE_HOME                                  what was looked up is kept below it (default ~/.cache)
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS
and NO_COLOR.`,
  verify: `usage: waybill verify npm:NAME@VERSION [options]
       waybill verify PATH... [options]

Verifies on this machine where packages come from: attestations of provenance (signatures, transparency log, subject, and whether the certificate agrees with the statement on repository, commit and workflow), the registry's signatures, and whether the bytes that are locked are the ones that were attested and signed. The first form asks the registry for one version, or reads its attestations from a file; the second verifies every package of every lockfile (npm, yarn, pnpm, bun) below the paths.

options:
  --require provenance|signature|nothing
                         what each package must have (signature: the registry's, or provenance); default provenance for one package and
                         with --repository, --identity-regexp or --issuer, else nothing: then only what is contradicted fails
  --repository URL       the repository that it must have been built from
  --identity-regexp R    what the certificate's identity must match; R is anchored, so it must match all of it
  --issuer URL           who must have vouched for the signer, exactly: https://token.actions.githubusercontent.com for GitHub Actions
  --policy FILE          a team's policy: what its npm.provenance names must have provenance, of the origin that it says, and --require is
                         for the others; --repository, --identity-regexp and --issuer count more than the same key of the policy
  --format text|json     how to print (default text)
  --trust                ask the registries that the project's .npmrc names, and use your npm credentials
  --trust-root FILE      a newer trusted_root.json of Sigstore than the one that travels with Waybill
  --no-refresh           do not ask Sigstore's repository, once a day, whether there is a newer trust root
one package:
  --integrity SRI        the package's integrity in your lockfile ("sha512-..."); without it no bytes are compared
  --bundle FILE          make no connection: FILE holds one Sigstore bundle, or a set as the registry serves it
lockfiles:
  --only NAMES           only these packages, "lodash,@acme/*"; may be given several times

A verdict is proven, not proven, contradicted or unknown. Proven is where a package was built from, and not that it does no harm.

exit status: 0 verified as asked; 1 contradicted, or required and missing, or a locked version that the registry does not have; 2 it
could not be checked (no answer, a registry that does not show attestations, a lockfile that cannot be read), or wrong usage.

Environment as with "check --online".`,
  explain: `usage: waybill explain RULE

Prints a rule's page: what it finds, why it matters, how to fix it. "waybill rules" names all rules.`,
  rules: `usage: waybill rules [--format text|json] [--data]

Lists all rules with their default severity; with --data, the lists that they judge by, their age and sources.`,
  lookalike: `usage: waybill lookalike NAME [--ecosystem npm|pypi|actions|oci] [--online]
       waybill lookalike --stdin [--ecosystem npm|pypi|actions|oci]

Shows a name beside the well-known one that it looks like, with what differs marked. With --online both are looked up: age,
maintainers, repository, install scripts, as far as their registry says it; no credentials and no settings of a project are
used. The exit status is 0 whatever was found, 2 for wrong usage and where a look-up failed.

With --stdin, reads names from standard input, one a line (actions as owner/repository, images without tag), and prints for each one

  NAME<TAB>TARGET<TAB>KIND<TAB>SEVERITY

TARGET is the well-known name that it looks like, KIND how it differs, SEVERITY error, warning or info. For a name that
looks like itself all three are empty. No connection is made. The exit status is 0 whatever was found, 2 for wrong usage.`,
  lsp: `usage: waybill lsp --stdio

Starts the language server (Language Server Protocol 3.17) on standard input and output.`,
};

/** The help text of a command, or the overview. */
export function helpText(topic?: string): string {
  return (topic !== undefined && Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined) ?? OVERVIEW;
}
