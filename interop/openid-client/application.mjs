// Somebody's application, built on openid-client, beside a Muster that runs: what must work works, and what must not
// is refused, with its reason.
//
// PORT=... DATA=... node application.mjs MUSTER_URL DATABASE

import { createServer } from 'node:http';
import * as oidc from 'openid-client';
import { Report, muster, otpSecret } from '../person.mjs';
import { signIn } from './signin.mjs';
import { services } from './services.mjs';

const [issuer, database] = process.argv.slice(2);
const home = `http://127.0.0.1:${process.env.PORT}`;
const report = new Report(`openid-client on ${database}`);

// Where the application listens: people come back here, and logout tokens arrive here.
const arrived = [];
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  arrived.push({ method: request.method, url: request.url, body: Buffer.concat(chunks).toString() });
  response.setHeader('content-type', 'text/html');
  response.end('<h1>The application</h1>');
}).listen(Number(process.env.PORT), '127.0.0.1').unref();

// A company, its people, its application and its services, all by command.
muster('tenant', 'create', 'contoso', '--name', 'Contoso');
const password = 'correct horse battery staple';
const { writeFileSync } = await import('node:fs');
const passwordFile = `${process.env.DATA}/password`;
writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
const anna = muster('user', 'add', 'contoso', 'anna', '--display-name', 'Anna Berg', '--email', 'anna@contoso.example',
  '--password-file', passwordFile, '--one-time-code');
muster('user', 'add', 'contoso', 'bert', '--display-name', 'Bert Dahl', '--email', 'bert@contoso.example',
  '--password-file', passwordFile);
muster('grant', 'add', 'contoso', 'anna', 'Tenant Administrator');
muster('grant', 'add', 'contoso', 'bert', 'Self-Service');

const callback = `${home}/callback`;
const wiki = muster('app', 'create', 'contoso', 'Wiki', '--redirect-uri', callback);
const shop = muster('app', 'create', 'contoso', 'Shop', '--redirect-uri', callback);
const world = {
  oidc, issuer, home, callback, report, arrived, password,
  anna: { id: anna.id, name: 'anna', secret: otpSecret(anna.otpauth) },
  bert: { name: 'bert' },
  wiki: { id: wiki.client_id, secret: wiki.client_secret },
  shop: { id: shop.client_id, secret: shop.client_secret },

  // The library's view of us for a client; of itself it refuses plain HTTP.
  discover: (id, metadata, proof) => oidc.discovery(new URL(issuer), id, metadata, proof, {
    execute: issuer.startsWith('https:') ? [] : [oidc.allowInsecureRequests],
  }),
};

await signIn(world);
await services(world);
report.end();
