// A server with something of everything on it: `contoso` has people by a directory, groups, mappings, roles and what waits
// for a decision; `fabrikam` has nothing at all; `northwind` is the provider.

import { writeFileSync } from 'node:fs';
import { muster, until } from '../person.mjs';

const PEOPLE = 60;
const FIRST = ['Adele', 'Alex', 'Allan', 'Christie', 'Debra', 'Diego', 'Enrico', 'Grady', 'Henrietta', 'Irvin', 'Joni', 'Lidia'];
const LAST = ['Vance', 'Wilber', 'Deyoung', 'Cline', 'Berger', 'Cattaneo', 'Archie', 'Sayers', 'Langer', 'Holloway'];
const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0';

// What a directory's SCIM client says, with its token.
export async function scim(base, token, method, path, body) {
  const answer = await fetch(`${base}${path}`, {
    method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, ...(text && JSON.parse(text)) };
}

// A file with a secret for the command line.
export function secret(name, text) {
  const file = `${process.env.DATA}/${name}`;
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

async function directory(world) {
  const made = muster('directory', 'create', 'contoso', 'Contoso Entra', '--preset', 'entra', '--issuer',
    'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0', '--client-id', 'muster', '--client-secret-file',
    secret('entra-secret', 'kept-by-nobody'));
  muster('directory', 'create', 'contoso', 'Old login', '--preset', 'generic');
  const { token } = muster('scim-token', 'create', 'contoso', 'Contoso Entra');
  const base = made.scim_base_url;
  const say = (...asked) => scim(base, token, ...asked);
  const ids = [];
  const named = [];
  for (let i = 0; i < PEOPLE; i += 1) {
    const [first, last] = [FIRST[i % FIRST.length], LAST[(i * 7 + Math.floor(i / FIRST.length)) % LAST.length]];
    const user = `${first}.${last}${i}`.toLowerCase();
    const { id, status } = await say('POST', '/Users', {
      schemas: [`${SCHEMA}:User`], externalId: `e-${i}`, userName: `${user}@contoso.example`, active: i % 17 !== 5,
      displayName: `${first} ${last}`, name: { givenName: first, familyName: last },
      emails: [{ primary: true, type: 'work', value: `${user}@contoso.example` }],
    });
    if (!id) throw new Error(`${user} was not taken: ${status}`);
    ids.push(id);
    named.push(`${user}@contoso.example`);
  }
  const groups = {};
  for (const [name, from, to] of [['Service Desk', 0, 8], ['IT Operations', 6, 20], ['Finance', 20, 40], ['Packaging', 10, 14], ['All Employees', 0, PEOPLE]]) {
    const { id } = await say('POST', '/Groups', {
      schemas: [`${SCHEMA}:Group`], externalId: `g-${name}`, displayName: name, members: ids.slice(from, to).map((value) => ({ value })),
    });
    groups[name] = id;
  }
  Object.assign(world, { entra: made, say, people: ids, named, groups });
  await say('POST', '/Users', { userName: '' });
  await say('GET', `/Users?filter=${encodeURIComponent('userName eq "nobody"')}`);
}

async function waiting(world) {
  const { say, people, groups } = world;
  const op = (...Operations) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });
  // Somebody whom a directory wants to have, and who is nobody's yet.
  muster('user', 'add', 'contoso', 'erin@contoso.example', '--display-name', 'Erin Made By Hand', '--email', 'erin@contoso.example');
  muster('grant', 'add', 'contoso', 'erin@contoso.example', 'Technician');
  await say('POST', '/Users', {
    schemas: [`${SCHEMA}:User`], externalId: 'e-erin', userName: 'erin@contoso.example', displayName: 'Erin', active: true,
    emails: [{ primary: true, value: 'erin@contoso.example' }],
  });
  // Somebody who is gone, and whom the directory wants back.
  const last = people.pop();
  world.named.pop();
  await say('DELETE', `/Users/${last}`);
  // More taken away at once than may go without a word.
  await say('PATCH', `/Groups/${groups['All Employees']}`, op({ op: 'Replace', path: 'members', value: [] }));
}

export async function seed(world) {
  const ada = muster('admin', 'create', '--user-name', 'ada', '--display-name', 'Ada Lovelace', '--email', 'ada@provider.example',
    '--provider', 'Northwind Services', '--slug', 'northwind');
  Object.assign(world, { provider: 'northwind', password: ada.password, adaSecret: new URL(ada.otpauth).searchParams.get('secret') });
  for (const [slug, name] of [['contoso', 'Contoso'], ['fabrikam', 'Fabrikam'], ['initech', 'Initech Ltd']]) {
    muster('tenant', 'create', slug, '--name', name);
  }
  muster('domain', 'add', 'contoso', 'contoso.example');
  await directory(world);

  muster('mapping', 'create', 'contoso', '--group', 'Service Desk', '--role', 'Technician');
  muster('mapping', 'create', 'contoso', '--group', 'IT Operations', '--role', 'Tenant Administrator');
  muster('mapping', 'create', 'contoso', '--group', 'All Employees', '--role', 'Read-Only');
  world.packager = muster('role', 'create', 'contoso', 'Packager', '--permission', 'software.view', '--permission', 'software.add',
    '--description', 'Prepares software');
  world.bert = muster('user', 'add', 'contoso', 'bert', '--display-name', 'Bert Dahl', '--email', 'bert@contoso.example',
    '--password-file', secret('bert', 'seven quiet harbour lanterns'));
  muster('grant', 'add', 'contoso', 'bert', 'Packager', '--reason', 'until the project ends', '--until',
    new Date(Date.now() + 40 * 86_400_000).toISOString());
  world.gina = muster('user', 'add', 'contoso', 'gina', '--display-name', 'Gina Grahn', '--email', 'gina@contoso.example',
    '--password-file', secret('gina', 'eleven patient copper kettles'));
  muster('grant', 'add', 'contoso', 'gina', 'Tenant Administrator');
  world.theo = muster('user', 'add', 'northwind', 'theo', '--display-name', 'Theo Tischler', '--kind', 'technician', '--email',
    'theo@provider.example', '--password-file', secret('theo', 'twelve slow wooden bridges'));
  muster('grant', 'add', 'contoso', 'theo', 'Technician', '--home', 'northwind', '--reason', 'on-site support');
  muster('elevation', 'allow', 'contoso', 'theo', 'Tenant Administrator', '--home', 'northwind', '--max', '2h', '--reason', 'on call');
  world.portal = muster('app', 'create', 'contoso', 'Contoso Portal', '--redirect-uri', 'https://portal.contoso.example/callback');
  world.rmm = muster('integration', 'create', 'contoso', 'RMM connector', '--scope', 'computers.view', '--scope', 'computers.edit');
  muster('invitation', 'create', 'contoso', 'ines@contoso.example', '--display-name', 'Ines Invited', '--role', 'Read-Only');
  const back = muster('invitation', 'create', 'contoso', 'gone@contoso.example', '--display-name', 'Gone Away');
  await until('the letter that comes back', () => world.letter('gone@contoso.example'));
  muster('invitation', 'bounced', 'contoso', back.id, 'gone@contoso.example');
  muster('review', 'open', 'contoso', 'Third quarter', '--reviewer', 'ada@@northwind', '--reviewer', 'gina', '--due', new Date(Date.now() + 14 * 86_400_000).toISOString());
  await waiting(world);
}
