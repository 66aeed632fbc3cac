// Letters that do not arrive: put off by the mail server, refused by it, come back; addresses that are not written to.

import { muster, until } from '../../person.mjs';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { Clerk } from '../clerk.mjs';
import { linkIn } from './invited.mjs';

const unsent = async (ada) => (await ada.api('/tenants/contoso/letters/unsent')).body.items;
const invitation = (email) => muster('invitation', 'list', 'contoso').items.find((i) => i.email === email);
const suppressed = (email) => muster('suppression', 'list', 'contoso').items.find((s) => s.email === email);

// Somebody is invited by the form.
async function invites(ada, email, display_name) {
  await ada.at('contoso', '/invitations');
  await ada.press('add');
  await ada.fill({ email, display_name, how: 'letter' });
  await ada.press('save');
}

// The page of somebody's invitation.
async function open(ada, email) {
  await ada.at('contoso', '/invitations');
  await ada.click(email);
}

export const letters = {
  async 'a letter that the mail server puts off waits, is tried again, and arrives'({ ada, check, letter }) {
    const busy = `${process.env.POST}/busy`;
    const before = (await unsent(ada)).map((l) => l.id);
    writeFileSync(busy, '');
    try {
      await invites(ada, 'busy@partner.example', 'Bo Busy');
      const put = await until('a try', async () => (await unsent(ada)).find((l) => l.attempts > 0 && !l.given_up_at && !before.includes(l.id)));
      await ada.at('contoso', '/mail');
      const row = await ada.text(`[id="letter-${put.id}"]`);
      check('the page says what waits, that it is tried again, and what the server said', row.includes('An invitation') && row.includes('is tried again') && /come back later/.test(row), row);
      check('and nobody’s address', !row.includes('busy@'), row);
      await open(ada, 'busy@partner.example');
      check('the invitation’s page says that no letter has left', /none left yet/.test(await ada.text('#facts')), await ada.text('#facts'));
      check('and none has', !letter('busy@partner.example'));
    } finally {
      if (existsSync(busy)) rmSync(busy);
    }
    const came = await until('the letter', () => letter('busy@partner.example'), 60);
    check('taken by the server again, it arrives by itself, with its link', Boolean(linkIn(came)), came.text);
    await until('it to be off the list', async () => !(await unsent(ada)).some((l) => !l.given_up_at), 20);
    await ada.at('contoso', '/mail');
    check('and waits no more', !(await ada.text()).includes('is tried again'), await ada.words());
  },

  async 'a letter that waits is tried when somebody says so, and one that was given up is dropped'({ ada, check, letter }) {
    const busy = `${process.env.POST}/busy`;
    const row = (l) => `[id="letter-${l.id}"]`;
    const before = (await unsent(ada)).map((l) => l.id);
    const mine = async (wanted) => (await unsent(ada)).find((l) => !before.includes(l.id) && wanted(l));
    writeFileSync(busy, '');
    try {
      await invites(ada, 'busy@prompt.example', 'Paula Prompt');
      // After the third try the next one is eight seconds away.
      const put = await until('three tries', () => mine((l) => l.attempts === 3), 30);
      await ada.at('contoso', '/mail');
      check('what waits is not there to be dropped', !/Drop it/.test(await ada.text(row(put))), await ada.text(row(put)));
      rmSync(busy);
      await ada.click('Try it now', { role: 'button', within: row(put), exact: false });
      check('the page says what happens', /It is tried now/.test(await ada.text('#done')), await ada.words());
      check('and the letter arrives before it would have by itself', Boolean(linkIn(await until('the letter', () => letter('busy@prompt.example'), 5))));
    } finally {
      if (existsSync(busy)) rmSync(busy);
    }
    await invites(ada, 'nobody@prompt.example', 'Noah Nobody');
    const given = await until('it to be given up', () => mine((l) => l.given_up_at));
    await ada.at('contoso', '/mail');
    check('that an invitation’s letter was given up, the invitation says: it is not tried here', !/Try it now/.test(await ada.text(row(given))), await ada.text(row(given)));
    await ada.click('Drop it', { within: row(given), exact: false });
    check('what that means is said first', /does not get it/.test(await ada.text()), await ada.words());
    await ada.press('confirm');
    check('dropped, it is off the list', !await ada.has(`letter-${given.id}`) && /Dropped/.test(await ada.text('#done')), await ada.words());
    check('and nowhere else', !(await unsent(ada)).some((l) => l.id === given.id), JSON.stringify(await unsent(ada)));
    await ada.at('contoso', '/audit?action=letter.*');
    check('the trail says who did both', /Ada Lovelace/.test(await ada.text('main tbody')) && /letter\.drop/.test(await ada.text('main tbody')) && /letter\.try/.test(await ada.text('main tbody')), await ada.words());
  },

  async 'a letter that the mail server refuses is given up, and another address gets it'({ ada, check, letter }) {
    const before = (await unsent(ada)).map((l) => l.id);
    await invites(ada, 'nobody@partner.example', 'Nora Nobody');
    const given = await until('it to be given up', async () => (await unsent(ada)).find((l) => l.given_up_at && !before.includes(l.id)));
    await ada.at('contoso', '/mail');
    const row = await ada.text(`[id="letter-${given.id}"]`);
    check('the page says that it was given up, and what the server said', row.includes('given up') && /5\.1\.1/.test(row), row);
    await open(ada, 'nobody@partner.example');
    check('the invitation’s page says so, and what to do', /no such address/.test(await ada.text('#facts')) && /Correct it/.test(await ada.text('#next')), `${await ada.text('#next')} ${await ada.text('#facts')}`);
    await ada.press('person');
    await ada.press('edit');
    await ada.fill({ email: 'nora..n@partner.example' });
    await ada.press('save');
    check('an address that is none is said at the field', await ada.saidAt('email') && await ada.value('email') === 'nora..n@partner.example'
      && muster('user', 'show', 'contoso', 'nobody@partner.example').email === 'nobody@partner.example', await ada.words());
    await ada.fill({ email: 'nora.n@partner.example' });
    await ada.press('save');
    await ada.at('contoso', '/invitations');
    await ada.click('nobody@partner.example');
    await ada.press('resend');
    const came = await until('the letter', () => letter('nora.n@partner.example'));
    check('sent again, it arrives at the address that was corrected', Boolean(linkIn(came)), came.text);
    check('and nothing of it was given up any more', !(await unsent(ada)).some((l) => l.id === given.id), JSON.stringify(await unsent(ada)));
  },

  async 'an address that letters come back from is not written to, until it is cleared'(world) {
    const { ada, check, letter } = world;
    const email = 'ingo@partner.example';
    await invites(ada, email, 'Ingo Irrig');
    const first = linkIn(await until('the invitation', () => letter(email)));
    await open(ada, email);
    await ada.press('bounced');
    await ada.fill({ email: 'in..go@partner.example' });
    await ada.press('save');
    check('an address that is none is said at the field', await ada.saidAt('email') && await ada.value('email') === 'in..go@partner.example', await ada.words());
    await ada.fill({ email, how: 'complaint' });
    await ada.press('save');
    check('noted, it is on the list', suppressed(email)?.why === 'complained' && await ada.has('done'), JSON.stringify(suppressed(email)));
    check('and the invitation’s page says what to do', /called unwanted/.test(await ada.text('#facts')) && /take it off the list/.test(await ada.text('#next')), await ada.text('#next'));
    await ada.press('resend');
    check('sent again, it is refused, and the page says why', ada.answer.status() === 409 && /called a letter unwanted/.test(await ada.text('#problem')), `${ada.answer.status()} ${await ada.text('#problem')}`);
    check('and what to do, in words of this page', !/by_hand|muster /.test(await ada.text('#problem')), await ada.text('#problem'));
    await invites(ada, email, 'Ingo Irrig the second');
    check('nor is anybody invited there', ada.answer.status() >= 400 && await ada.saidAt('email') && await ada.value('display_name') === 'Ingo Irrig the second', `${ada.answer.status()} ${await ada.words()}`);
    await open(ada, email);
    await ada.press('by-hand');
    const link = await ada.text('#link');
    const ingo = await Clerk.enter(world, 'Ingo');
    await ingo.go(link);
    check('a link to hand over opens, without a letter', link !== first && await ingo.has('accept') && linkIn(letter(email)) === first, `${link} ${await ingo.words()}`);
    await ingo.leave();

    await ada.at('contoso', '/invitations');
    await ada.press('suppressions');
    const row = await ada.text(`[id="suppression-${suppressed(email).id}"]`);
    check('the list says why, and who noted it', row.includes('its reader called a letter unwanted') && row.includes('Ada Lovelace'), row);
    await ada.button(`Let it be written to again: ${email}`);
    check('cleared, it is not there', !suppressed(email) && !(await ada.text()).includes(email), JSON.stringify(suppressed(email)));
    await open(ada, email);
    await ada.press('resend');
    const again = linkIn(await until('another letter', () => { const l = letter(email); return linkIn(l) !== first && l; }));
    check('and the letter goes, with a new link', again && again !== first && again !== link && !await ada.has('problem'), await ada.words());
    await ada.at('contoso', '/audit?action=suppression.*');
    check('the trail says who cleared it', /Ada Lovelace/.test(await ada.text('main tbody')), await ada.words());
  },
};
