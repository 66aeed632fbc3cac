// An application as a company has one: a site where whoever is not known there is sent to sign in, and what it gets by that.

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { muster } from '../person.mjs';

const random = () => randomBytes(32).toString('base64url');

export class Site {
  // With more for `muster app create`; what people open is its beginning.
  static async open({ url }, tenant, name, ...more) {
    const site = new Site();
    site.server = createServer((request, response) => site.visit(request, response));
    await new Promise((done) => { site.server.listen(0, '127.0.0.1', done); });
    const home = `http://127.0.0.1:${site.server.address().port}`;
    Object.assign(site, { url, tenant, name, home, back: `${home}/callback`, visits: [] });
    site.client = muster('app', 'create', tenant, name, '--redirect-uri', site.back, '--client-uri', `${home}/`, ...more);
    return site;
  }

  visit({ url }, response) {
    this.visits.push(url);
    if (url === '/') response.writeHead(302, { location: this.begin() });
    else response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>${this.name}</title><h1>${this.name}</h1>`);
  }

  // Where it sends whoever is not known.
  begin() {
    this.verifier = random();
    const to = new URL(`${this.url}/oauth/authorize`);
    to.search = new URLSearchParams({ response_type: 'code', client_id: this.client.client_id, redirect_uri: this.back, scope: 'openid profile offline_access',
      state: random(), nonce: random(), code_challenge: createHash('sha256').update(this.verifier).digest('base64url'), code_challenge_method: 'S256', tenant: this.tenant });
    return to.href;
  }

  async ask(path, fields) {
    const { client_id: id, client_secret: secret } = this.client;
    const answer = await fetch(`${this.url}/oauth/${path}`, { method: 'POST', body: new URLSearchParams(fields),
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` } });
    return answer.json();
  }

  // The tokens of whoever has come back to this address.
  redeem(address) {
    return this.ask('token', { grant_type: 'authorization_code', code: new URL(address).searchParams.get('code'), redirect_uri: this.back, code_verifier: this.verifier });
  }

  refresh(token) { return this.ask('token', { grant_type: 'refresh_token', refresh_token: token }); }

  async lives(token) { return (await this.ask('introspect', { token })).active; }

  // Somebody who is signed in opens it, allows what it asks for, and it has their tokens.
  async allowedBy(person) {
    await person.go(`${this.home}/`);
    await person.press('allow');
    return this.redeem(person.page.url());
  }

  close() { this.server.close(); }
}
