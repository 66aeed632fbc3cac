// A company's OpenID provider that says whatever the case at hand wants: one process with the driver, so that what is
// signed, with which key and under which header, is decided answer by answer. Signatures are npm `jose`'s.

import { createHash, createHmac, createPublicKey, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { SignJWT, UnsecuredJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export const now = () => Math.floor(Date.now() / 1000);

async function key(alg) {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), alg, use: 'sig', kid: randomUUID() };
  return { ...pair, jwk, alg };
}

export class Provider {
  static async start(port) {
    const p = new Provider();
    p.issuer = `http://127.0.0.1:${port}`;
    p.key = await key('RS256');
    p.other = await key('RS256'); // published as well: a token under the one's name may be signed with it
    p.stranger = await key('RS256'); // published nowhere
    p.elliptic = await key('ES256');
    p.reset();
    p.server = createServer((req, res) => p.serve(req, res).catch((e) => { res.statusCode = 500; res.end(String(e)); }));
    await new Promise((done) => { p.server.listen(port, '127.0.0.1', done); });
    return p;
  }

  // A good provider again.
  reset() {
    this.case = {};
    this.asked = null;
    this.published = [this.key.jwk, this.other.jwk];
  }

  // What the right answer says.
  claims() {
    return {
      iss: this.issuer, sub: 'u1', aud: 'muster', nonce: this.asked.nonce, iat: now(), exp: now() + 300, auth_time: now(),
      amr: ['pwd', 'mfa'],
    };
  }

  // The id token of the case.
  async token() {
    const { change, header = {}, sign } = this.case;
    const claims = this.claims();
    change?.(claims);
    const head = { alg: 'RS256', kid: this.key.jwk.kid, typ: 'JWT', ...header };
    if (sign) return sign(claims, head, this);
    return new SignJWT(claims).setProtectedHeader(head).sign(this.key.privateKey);
  }

  // How it describes itself.
  metadata(issuer) {
    return {
      issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  async serve(req, res) {
    const url = new URL(req.url, this.issuer);
    const json = (value, status = 200) => {
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(JSON.stringify(value));
    };
    switch (url.pathname) {
      case '/other/.well-known/openid-configuration':
        return json(this.metadata(this.issuer));
      case '/hidden/.well-known/openid-configuration':
        return json({ ...this.metadata(`${this.issuer}/hidden`), jwks_uri: 'http://10.255.255.1/jwks' });
      case '/.well-known/openid-configuration':
        return json(this.metadata(this.issuer));
      case '/jwks':
        return json({ keys: this.published });
      case '/authorize': {
        this.asked = Object.fromEntries(url.searchParams);
        const back = new URL(this.asked.redirect_uri);
        const answer = { code: 'a-code', state: this.asked.state, ...this.case.answer?.(this) };
        for (const [name, value] of Object.entries(answer)) if (value !== undefined) back.searchParams.set(name, value);
        res.writeHead(302, { location: back.href });
        return res.end();
      }
      case '/token': {
        const chunks = [];
        for await (const chunk of req) chunks.push(chunk);
        const form = new URLSearchParams(Buffer.concat(chunks).toString());
        const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
        if (proof !== this.asked.code_challenge) return json({ error: 'invalid_grant' }, 400);
        if (this.case.token) return this.case.token(res, json);
        return json({ access_token: 'at', token_type: 'Bearer', id_token: await this.token() });
      }
      default:
        return json({ error: 'not here' }, 404);
    }
  }
}

// Ways to sign that are none.
export const unsigned = (claims) => new UnsecuredJWT(claims).encode();
export const unsignedInAnyCase = (alg) => (claims, head) => `${b64({ ...head, alg })}.${b64(claims)}.`;

// HMAC with the public key as its secret: what a verifier that trusts the header's algorithm would accept.
export const withThePublicKey = (claims, head, p) => {
  const input = `${b64({ ...head, alg: 'HS256' })}.${b64(claims)}`;
  const secret = JSON.stringify(p.key.jwk);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};

export const withThePublicKeysBytes = (claims, head, p) => {
  const input = `${b64({ ...head, alg: 'HS256' })}.${b64(claims)}`;
  const secret = createPublicKey({ key: p.key.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};

export const signedBy = (which, more = {}) => (claims, head, p) =>
  new SignJWT(claims).setProtectedHeader({ ...head, ...more }).sign(p[which].privateKey);

// The header brings the key that verifies it.
export const withItsOwnKey = async (claims, head, p) => {
  const { kid, ...jwk } = p.stranger.jwk;
  const named = { ...head, jwk, kid: await calculateJwkThumbprint(jwk), jku: `${p.issuer}/jwks`, x5u: `${p.issuer}/x5u` };
  return new SignJWT(claims).setProtectedHeader(named).sign(p.stranger.privateKey);
};

export const changedAfterwards = async (claims, head, p) => {
  const [h, , s] = (await new SignJWT(claims).setProtectedHeader(head).sign(p.key.privateKey)).split('.');
  return `${h}.${b64({ ...claims, sub: 'u2' })}.${s}`;
};
