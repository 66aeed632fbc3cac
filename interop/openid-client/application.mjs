// Somebody's application, built on openid-client, beside a Muster that runs: what must work works, and what must not
// is refused, with its reason.
//
// PORT=... DATA=... node application.mjs MUSTER_URL HOW

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import * as oidc from 'openid-client';
import { Report, muster, otpSecret } from '../person.mjs';
import { assertions } from './assertions.mjs';
import { logout } from './logout.mjs';
import { prompts } from './prompts.mjs';
import { services } from './services.mjs';
import { signIn } from './signin.mjs';

const [issuer, how] = process.argv.slice(2);
const home = `http://127.0.0.1:${process.env.PORT}`;

// A company, its people and its applications, all by command.
const password = 'correct horse battery staple';
const passwordFile = `${process.env.DATA}/password`;
writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
muster('tenant', 'create', 'contoso', '--name', 'Contoso');
const person = (name, display, ...more) => muster('user', 'add', 'contoso', name, '--display-name', display,
  '--email', `${name}@contoso.example`, '--password-file', passwordFile, ...more);
const anna = person('anna', 'Anna Berg', '--one-time-code');
person('bert', 'Bert Dahl');
muster('grant', 'add', 'contoso', 'anna', 'Tenant Administrator');
muster('grant', 'add', 'contoso', 'bert', 'Self-Service');

const callback = `${home}/callback`;
const goodbye = `${home}/goodbye`;
const client = (made) => ({ id: made.client_id, secret: made.client_secret });
const application = (name, ...more) => client(muster('app', 'create', 'contoso', name, '--redirect-uri', callback, ...more));

const world = {
  oidc, issuer, home, callback, goodbye, password,
  report: new Report(`openid-client on ${how}`),
  // What came to the application, and how often it is down when a logout token comes.
  arrived: [],
  down: 0,
  anna: { id: anna.id, name: 'anna', secret: otpSecret(anna.otpauth) },
  bert: { name: 'bert' },
  wiki: application('Wiki', '--trusted', '--post-logout-redirect-uri', goodbye, '--backchannel-logout-uri', `${home}/backchannel`),
  shop: application('Shop', '--trusted', '--backchannel-logout-uri', `${home}/shop/backchannel`),
  guest: application('Guest book'),

  // The library's view of us for a client; of itself it refuses plain HTTP.
  discover: (id, metadata, proof) => oidc.discovery(new URL(issuer), id, metadata, proof, {
    execute: issuer.startsWith('https:') ? [] : [oidc.allowInsecureRequests],
  }),
};

// Where the application listens: people come back here, and logout tokens arrive here.
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, url, headers } = request;
  if (url.endsWith('/backchannel') && world.down > 0) {
    world.down -= 1;
    response.statusCode = 503;
  } else {
    world.arrived.push({ method, url, type: headers['content-type'], body: Buffer.concat(chunks).toString() });
  }
  response.setHeader('content-type', 'text/html');
  response.end('<h1>The application</h1>');
}).listen(Number(process.env.PORT), '127.0.0.1').unref();

for (const part of [signIn, prompts, services, assertions, logout]) await part(world);
world.report.end();
