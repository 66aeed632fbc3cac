// A role for a while, by clicks alone: asked for, decided by somebody else, given back.

import { muster, totp } from '../person.mjs';
import { Visitor } from './visitor.mjs';

export async function elevation(world) {
  const { report, url, password, adaSecret } = world;
  const provider = muster('tenant', 'list').items.find((t) => t.provider).slug;
  const tess = await Visitor.enter(world, 'Tess in need');
  await tess.go(`${url}/signin`);
  await tess.type({ email: 'tess@nowhere.example' });
  await tess.press('continue');
  await tess.type({ user_name: 'tess', password });
  await tess.press('sign-in');
  await tess.press('tenant-fabrikam');
  report.check('who may ask for nothing is not pointed to it', !await tess.has('elevations'), await tess.words());
  await tess.go(`${url}/me/elevations`);
  await tess.look('nothing to ask for');

  muster('elevation', 'allow', 'fabrikam', 'tess', 'Technician', '--home', provider, '--max', '2h', '--reason', 'on call');
  await tess.go(`${url}/me`);
  await tess.press('elevations');
  await tess.look('what may be asked for');
  const may = await tess.page.locator('article[id^="may-"]').first().getAttribute('id').then((id) => id.slice(4));
  await tess.type({ [`reason-${may}`]: 'Case 4711: the accounting machines do not start', [`minutes-${may}`]: '45' });
  await tess.press(`ask-${may}`);
  await tess.look('asked for a role');
  report.check('she is told that it waits', (await tess.read('asked')).includes('Waits for a decision') && !await tess.has(`ask-${may}`), await tess.words());

  const ada = await Visitor.enter(world, 'Ada');
  await ada.go(`${url}/signin?tenant=${provider}`);
  await ada.type({ user_name: 'ada', password });
  await ada.press('sign-in');
  await ada.type({ code: totp(adaSecret) });
  await ada.press('continue');
  await ada.go(`${url}/me`);
  report.check('who may decide sees it on her page', await ada.has('waiting'), await ada.words());
  await ada.look('something waits for her');
  await ada.go(`${url}/me/elevations`);
  await ada.look('what waits for a decision');
  await ada.press(await ada.page.locator('a[id^="decide-"]').getAttribute('id'));
  await ada.look('a request to decide about');
  const shown = await ada.words();
  report.check('with who, what, where, how long and why',
    ['tess', 'Technician', 'Fabrikam', '45 minutes', 'Case 4711'].every((w) => shown.includes(w)), shown);
  await ada.press('refuse');
  await ada.look('a refusal without a word', 422);
  await ada.press('approve');
  await ada.look('a request approved');
  report.check('it waits no more', !await ada.has('waiting'), await ada.words());

  await tess.go(`${url}/me`);
  report.check('she has the role', (await tess.words()).includes('Technician'), await tess.words());
  await tess.go(`${url}/me/elevations`);
  await tess.look('a role for a while');
  await tess.press(await tess.page.locator('button[id^="end-"]').getAttribute('id'));
  await tess.look('a role given back');
  await tess.go(`${url}/me`);
  report.check('and has it no more', !(await tess.words()).includes('Technician'), await tess.words());
  await tess.leave();
  await ada.leave();
}
