// An application that people sign in to with Muster, as little of one as will do: code with PKCE, refresh, introspection.

import { createHash, randomBytes } from 'node:crypto';
import { muster, words } from './person.mjs';

// Nobody listens there: a browser that is sent there has the answer in its address.
const CALLBACK = 'http://127.0.0.1:9/callback';

const random = () => randomBytes(32).toString('base64url');

export class Application {
  static async make(url, tenant, name) {
    const app = new Application();
    const made = muster('app', 'create', tenant, name, '--trusted', '--redirect-uri', CALLBACK);
    app.id = made.client_id;
    app.proof = `Basic ${Buffer.from(`${made.client_id}:${made.client_secret}`).toString('base64')}`;
    app.about = await (await fetch(`${url}/.well-known/openid-configuration`)).json();
    return app;
  }

  // Sends a browser to sign in; the page where it stops.
  async ask(browser, more = {}) {
    this.verifier = random();
    const url = new URL(this.about.authorization_endpoint);
    url.search = new URLSearchParams({
      response_type: 'code', client_id: this.id, redirect_uri: CALLBACK, scope: 'openid offline_access', state: random(),
      nonce: random(), code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256', ...more,
    });
    browser.hold = CALLBACK;
    return browser.go(url.href);
  }

  async post(endpoint, form) {
    const headers = { authorization: this.proof };
    const answer = await fetch(this.about[endpoint], { method: 'POST', headers, body: new URLSearchParams(form) });
    return answer.json();
  }

  // The tokens of somebody who is signed in already, or of the page that a sign-in ended on.
  async tokens(browser, page) {
    const end = page ?? await this.ask(browser);
    const code = end.url.startsWith(CALLBACK) && new URL(end.url).searchParams.get('code');
    if (!code) throw new Error(`no code: ${end.status} ${end.url} ${words(end.html)}`);
    return this.post('token_endpoint', {
      grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: this.verifier,
    });
  }

  refresh(given) {
    return this.post('token_endpoint', { grant_type: 'refresh_token', refresh_token: given.refresh_token });
  }

  async active(given) {
    return (await this.post('introspection_endpoint', { token: given.access_token })).active;
  }
}
