// The peer: npm's certified OpenID provider as it comes, in memory, set to what the comparison needs: ES256, refresh
// tokens that rotate, introspection. Whoever comes is signed in at once, as a new person with a grant of their own.
//
// node provider.mjs PORT REDIRECT_URI   prints "ready" when it listens; client "bench", secret "bench-secret"

import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'bench',
    client_secret: 'bench-secret',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'ES256' }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ['sub'], email: ['email'], profile: ['name', 'preferred_username'] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    userinfo: { enabled: true },
  },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => ({
      sub, name: `Person ${sub}`, preferred_username: sub, email: `${sub}@bench.example`,
    }),
  }),
});

async function interaction(req, res) {
  await provider.interactionDetails(req, res);
  const accountId = randomUUID();
  const grant = new provider.Grant({ clientId: 'bench', accountId });
  grant.addOIDCScope('openid email profile offline_access');
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

const callback = provider.callback();
createServer((req, res) => {
  req.headers.host = `127.0.0.1:${port}`; // the benchmark's requests name no port
  if (req.url.startsWith('/interaction/')) {
    interaction(req, res).catch((e) => { res.statusCode = 500; res.end(String(e.stack)); });
  } else {
    callback(req, res);
  }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
