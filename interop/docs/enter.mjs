// Somebody with password and one-time code: `node enter.mjs URL` prints the address at which anna lands.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { enter as lead } from '../openid-client/signin.mjs';
import { Browser, otpSecret } from '../person.mjs';

const { APP, PLAY } = process.env;

// Leads the browser from `url` through the pages of Muster to the application.
export function enter(browser, url, name) {
  const secret = otpSecret(readFileSync(`${PLAY}/${name}.otp`, 'utf8').trim());
  return lead({ home: APP, password: 'correct horse battery staple' }, browser, url, { name, secret });
}

if (process.argv[1] === import.meta.filename) {
  const server = createServer((_, response) => response.end()).listen(Number(new URL(APP).port), '127.0.0.1');
  console.log((await enter(new Browser(), process.argv[2], 'anna')).url);
  server.close();
  server.closeAllConnections();
}
