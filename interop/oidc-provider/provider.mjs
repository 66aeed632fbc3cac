// A certified OpenID provider playing a customer's directory. People sign in by a form that wants only their name; what
// the provider then claims about the way they signed in stands in PEOPLE. `POST /rotate` gives it new signing keys.
//
// node provider.mjs PORT REDIRECT_URI   prints "ready" when it listens; client "muster", secret "muster-interop-secret"

import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

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

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function provider(keys) {
  return new Provider(issuer, {
    clients: [{
      client_id: 'muster',
      client_secret: 'muster-interop-secret',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    }],
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    acrValues: ['urn:example:loa:2fa', 'urn:example:loa:password'],
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time'], email: ['email', 'email_verified'], profile: ['name'],
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
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
}

let keys = [signingKey()];
let current = provider(keys);

async function interaction(req, res) {
  const { uid, params } = await current.interactionDetails(req, res);
  if (req.method === 'GET') {
    res.setHeader('content-type', 'text/html; charset=utf-8');
    res.end(`<form method="post" action="/interaction/${uid}"><input name="person"><button>Sign in</button></form>`);
    return;
  }
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const person = new URLSearchParams(Buffer.concat(chunks).toString()).get('person');
  const { acr, anew } = PEOPLE[person];
  const asked = (params.prompt ?? '').split(' ').includes('login');
  const amr = asked && anew ? anew : PEOPLE[person].amr;
  const login = { accountId: person, remember: false, ...(amr && { amr }), ...(acr && { acr }) };
  await current.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
}

createServer((req, res) => {
  if (req.url === '/rotate' && req.method === 'POST') {
    keys = [signingKey()];
    current = provider(keys);
    res.end(keys[0].kid);
  } else if (req.url.startsWith('/interaction/')) {
    interaction(req, res).catch((e) => { res.statusCode = 500; res.end(String(e.stack)); });
  } else {
    current.callback()(req, res);
  }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
