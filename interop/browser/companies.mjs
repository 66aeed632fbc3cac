// Where a sign-in begins and where it works: the company that an address belongs to, and the choice between several.

import { writeFileSync } from 'node:fs';
import { muster } from '../person.mjs';
import { Visitor } from './visitor.mjs';

export async function companies(world) {
  const { report, url, password } = world;
  const provider = muster('tenant', 'list').items.find((t) => t.provider).slug;
  muster('tenant', 'create', 'fabrikam', '--name', 'Fabrikam');
  const file = `${process.env.DATA}/tess`;
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  muster('user', 'add', provider, 'tess', '--kind', 'technician', '--display-name', 'Tess Tischler', '--password-file', file);
  muster('user', 'set-access', provider, 'tess', '--role', 'Read-Only@contoso', '--role', 'Read-Only@fabrikam');

  // An address of nobody's looks like that of a company without a directory; a confirmed one leads to its company.
  const tess = await Visitor.enter(world, 'Tess');
  await tess.go(`${url}/signin`);
  await tess.type({ email: 'tess@nowhere.example' });
  await tess.press('continue');
  await tess.look('an address that leads nowhere');
  report.check('an address that nobody confirmed names no company', !await tess.has('tenant-name') && !await tess.has(world.way)
    && await tess.has('password'), await tess.words());
  await tess.go(`${url}/signin`);
  await tess.type({ email: 'tess@contoso.example' });
  await tess.press('continue');
  report.check('a confirmed one names it, with its login', (await tess.read('tenant-name')).includes('Contoso') && await tess.has(world.way),
    await tess.words());

  // By password behind the address; then: in which company?
  await tess.go(`${url}/signin`);
  await tess.type({ email: 'tess@nowhere.example' });
  await tess.press('continue');
  await tess.type({ user_name: 'tess', password });
  await tess.press('sign-in');
  await tess.look('in which company');
  report.check('who works in several companies is asked in which', await tess.has('tenant-contoso') && await tess.has('tenant-fabrikam')
    && (await tess.read('roles-fabrikam')) === 'Read-Only', await tess.words());
  await tess.press('tenant-fabrikam');
  await tess.look('Tess signed in');
  const acting = muster('session', 'list', provider, 'tess').items[0].acting_in;
  const { id } = muster('tenant', 'show', 'fabrikam');
  report.check('and acts in the one she chose', tess.path === '/me' && acting === id, `${acting} ${id}`);

  report.check('her page says where she works', (await tess.read('acting-company')) === 'Fabrikam', await tess.words());
  await tess.press('another-company');
  await tess.look('in which company now');
  report.check('and leads to the choice again', await tess.has('tenant-contoso'), await tess.words());

  // She signs in anew: one session still, and it acts where it did.
  await tess.go(`${url}/signin?tenant=${provider}`);
  report.check('who is signed in is asked for the company only', await tess.has('tenant-contoso'), await tess.words());
  await tess.leave();
}
