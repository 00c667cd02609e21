import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { ClientFiles } from './client-files.ts';
import { mixedHost } from './mixed-host.ts';
import { nodeHost } from './node-host.ts';
import { startServer } from './server.ts';

// Reads the transport from the command line: --stdio, --node-ipc, --socket=N or --pipe=NAME.
const connection = createConnection(ProposedFeatures.all);
startServer(connection, mixedHost(nodeHost(process.env), new ClientFiles(connection)));
