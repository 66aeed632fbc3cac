// A certified OpenID provider playing customers' directories, one issuer for each port. People sign in by a form that wants
// only their name; what the provider then claims about the way they signed in stands in PEOPLE. Of each issuer:
//
//   POST /rotate?alg=ALG   other signing keys, for this algorithm, the only one that it states from then on
//   POST /deviate          what it does otherwise from now on, as JSON (see `deviates`)
//
// node provider.mjs REDIRECT_URIS PORT:ALG:LOGOUT_URI...   prints "ready" when all listen; client "muster", secret
// "muster-interop-secret", sent back to whatever begins with REDIRECT_URIS: each directory has an address of its own

import { createServer } from 'node:http';
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [redirectUri, ...issuers] = process.argv.slice(2);

// Who works here, and what the provider says of how they signed in.
export const PEOPLE = {
  adele: { amr: ['pwd', 'otp', 'mfa'], name: 'Adele Vance' },
  boris: { amr: ['pwd'], name: 'Boris Ek' },
  clara: { acr: 'urn:example:loa:2fa', name: 'Clara Lind' },
  david: { acr: 'urn:example:loa:password', name: 'David Sten' },
  erika: { amr: ['mfa'], name: 'Erika Unknown' },
  // Proves a second factor only when she is asked to sign in anew.
  greta: { amr: ['pwd'], anew: ['pwd', 'otp', 'mfa'], name: 'Greta Holm' },
};

function signingKey(alg) {
  const { privateKey } = alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
}

const read = async (req) => {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

class Issuer {
  constructor(port, alg, logoutUri) {
    Object.assign(this, { port, logoutUri, issuer: `http://127.0.0.1:${port}`, deviation: {} });
    this.rotate(alg);
  }

  rotate(alg) {
    this.key = signingKey(alg);
    this.provider = this.make(alg);
    return this.key.kid;
  }

  make(alg) {
    const provider = new Provider(this.issuer, {
      clients: [{
        client_id: 'muster',
        client_secret: 'muster-interop-secret',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: alg,
        backchannel_logout_uri: this.logoutUri,
        backchannel_logout_session_required: true,
      }],
      jwks: { keys: [this.key] },
      enabledJWA: { idTokenSigningAlgValues: [alg] },
      clientDefaults: { id_token_signed_response_alg: alg },
      cookies: { keys: [randomUUID()] },
      acrValues: ['urn:example:loa:2fa', 'urn:example:loa:password'],
      claims: {
        openid: ['sub', 'acr', 'amr', 'auth_time'], email: ['email', 'email_verified'], profile: ['name'],
      },
      conformIdTokenClaims: false,
      // Of itself it calls nobody on its own machine.
      fetch: (to, { dispatcher, ...options }) => fetch(to, options),
      features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
      interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_ctx, sub) => ({
        accountId: sub,
        claims: () => ({
          sub, name: PEOPLE[sub]?.name, email: `${sub}@contoso.example`, email_verified: true,
        }),
      }),
      // The company's own application needs nobody's consent.
      loadExistingGrant: async (ctx) => {
        const grant = new ctx.oidc.provider.Grant({
          clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
        });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    });
    provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith(redirectUri);
    provider.on('backchannel.error', (_ctx, e) => console.log(`back-channel logout: ${e.message}`));
    provider.on('server_error', (_ctx, e) => console.log(e.stack));
    provider.use(async (ctx, next) => {
      await next();
      this.deviates(ctx);
    });
    return provider;
  }

  // Does what it was told to do otherwise: in the id token, signed anew with its own key, leave out the claims `drop`, `set`
  // others, shift every time by `ahead` seconds, name another key (`kid`); in the answer to the browser, leave out
  // `silent` parameters.
  deviates(ctx) {
    const { drop = [], set = {}, ahead = 0, kid, silent = [] } = this.deviation;
    const location = ctx.response.get('location') ?? '';
    if (location.startsWith(redirectUri)) {
      const url = new URL(location);
      for (const name of silent) url.searchParams.delete(name);
      ctx.set('location', url.href);
    }
    if (!ctx.body?.id_token || !Object.keys(this.deviation).length) return;
    const [head, payload] = ctx.body.id_token.split('.').slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    for (const name of drop) delete payload[name];
    for (const name of ['iat', 'exp', 'auth_time']) if (name in payload) payload[name] += ahead;
    Object.assign(payload, set);
    const input = [{ ...head, ...(kid && { kid }) }, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const key = createPrivateKey({ key: this.key, format: 'jwk' });
    ctx.body = { ...ctx.body, id_token: `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}` };
  }

  async interaction(req, res) {
    const { uid, params } = await this.provider.interactionDetails(req, res);
    if (req.method === 'GET') {
      res.setHeader('content-type', 'text/html; charset=utf-8');
      res.end(`<form method="post" action="/interaction/${uid}"><input name="person"><button>Sign in</button></form>`);
      return;
    }
    const person = new URLSearchParams(await read(req)).get('person');
    const { acr, anew } = PEOPLE[person];
    const asked = (params.prompt ?? '').split(' ').includes('login');
    const amr = asked && anew ? anew : PEOPLE[person].amr;
    const login = { accountId: person, remember: false, ...(amr && { amr }), ...(acr && { acr }) };
    await this.provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
  }

  async serve(req, res) {
    const url = new URL(req.url, this.issuer);
    if (req.method === 'POST' && url.pathname === '/rotate') {
      res.end(this.rotate(url.searchParams.get('alg')));
    } else if (req.method === 'POST' && url.pathname === '/deviate') {
      this.deviation = JSON.parse(await read(req));
      res.end();
    } else if (url.pathname.startsWith('/interaction/')) {
      await this.interaction(req, res);
    } else {
      this.provider.callback()(req, res);
    }
  }

  listen() {
    const server = createServer((req, res) => {
      this.serve(req, res).catch((e) => { res.statusCode = 500; res.end(String(e.stack)); });
    });
    return new Promise((done) => { server.listen(this.port, '127.0.0.1', done); });
  }
}

await Promise.all(issuers.map((one) => {
  const [, port, alg, logoutUri] = /^(\d+):(\w+):(.+)$/.exec(one);
  return new Issuer(Number(port), alg, logoutUri).listen();
}));
console.log('ready');
