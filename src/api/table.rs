//! Every route of the API, with what it needs of its caller and what may stand in its query.

use super::{
    Contract, Needs,
    Needs::{Caller, Global, Owner},
    Route, access, adoptions, apps, break_glass, consents, credentials, defaults, directories,
    doctor, domains, elevations, event_streams, explain, grants, groups, holdings, instance,
    integrations, invitations, invite_bulk, letters, openapi,
    param::{
        ACTION, ACTIVE, ACTOR, BAD, CHANGES, CONFIRM, CURSOR, DAYS, DIRECTORY, DROP_VALUES,
        ENABLED, ENDED, EVIDENCE, EXTERNAL_ID, FORMAT, GROUP, HOME, IF_MATCH, IGNORED, KIND, LIMIT,
        MEMBERS, METHOD, MINE, OUTCOME, PERMISSION, PLACE, REASON, REQUEST, RESOURCE, RESOURCE_ID,
        ROLE, ROLE_ID, SHA256, SINCE, STARTS, STATE, STATUS, TAG, TARGET, TENANT, TENANT_STATUS,
        TEXT, THIS, TRAIL, UNDECIDED, UNTIL, USER, USER_ID, USER_NAME, USES, WHO, WITH,
    },
    parked, portal, preview, provisioning, rehearsal, reviews, roles, schemas, scim_tokens, served,
    sessions, signals, signin_tests, signins, simulate, statistics, suppressions, system, tenants,
    trail, user_bulk, users,
};

macro_rules! table {
    ($($method:ident $path:literal $needs:expr, $handler:path $([$($param:expr),*])?, $about:literal;)*) => {
        /// Every route.
        pub static TABLE: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            needs: $needs,
            about: $about,
            params: &[$($($param),*)?],
            contract: Contract::of($handler),
            handler: |c| Box::pin(served($handler, c)),
        }),*];
    };
}
const USERS_VIEW: Needs = Needs::Permission("users.view");
const USERS_ADD: Needs = Needs::Permission("users.add");
const USERS_EDIT: Needs = Needs::Permission("users.edit");
const USERS_DELETE: Needs = Needs::Permission("users.delete");
const ROLES: Needs = Needs::Permission("users.manage_roles");
const VIEW: Needs = Needs::Permission("system.view_settings");
const EDIT: Needs = Needs::Permission("system.edit_settings");
const INTEGRATIONS: Needs = Needs::Permission("system.manage_integrations");
const LOGS: Needs = Needs::Permission("system.view_logs");

table! {
    POST "/doctor" Global, doctor::examine, "Check the installation, and say what to mend.";
    GET "/system" Global, instance::show, "The server: what it is called, its version, database, mail and limits.";
    POST "/mail/test" Global, instance::test_mail, "Send a letter now, and say what the mail server answered.";
    GET "/me" Caller, system::me [PLACE], "Who you are, and what you may do where.";
    GET "/openapi.json" Caller, openapi::show, "This description of the API.";
    GET "/catalogue" Caller, system::catalogue, "The permissions and the built-in roles.";
    GET "/password-rules" Caller, system::password_rules, "What a password of people without a directory has to be.";
    GET "/role-templates" Caller, roles::templates, "Roles for common jobs, to make one's own from.";

    GET "/me/eligibilities" Caller, elevations::mine, "What you may ask for, for a while.";
    GET "/me/elevations" Caller, elevations::my_requests [LIMIT, CURSOR], "What you asked for, newest first.";
    POST "/me/elevations" Caller, elevations::ask, "Ask for a role that you may have when you need it.";
    DELETE "/me/elevations/{elevation}" Caller, elevations::give_back,
        "Take back what you asked for, or give the role back before its time.";
    GET "/me/apps" Caller, apps::mine, "The applications that you can open, by name.";
    GET "/me/sessions" Caller, sessions::mine, "Where you are signed in, newest first.";
    PATCH "/me/sessions/{session}" Caller, sessions::name, "Name a session of yours.";
    DELETE "/me/sessions/{session}" Caller, sessions::end_mine, "End a session of yours, and what was issued in it.";
    DELETE "/me/sessions" Caller, sessions::end_all_mine [THIS],
        "End all sessions of yours but the one that asks, and what was issued in them.";

    POST "/administrators" Owner, credentials::administrator, "Make a Global Administrator.";
    GET "/break-glass" Global, break_glass::list, "The accounts for emergencies, and whether they are armed.";
    POST "/break-glass" Owner, break_glass::make,
        "Make an account for emergencies: a Global Administrator who can sign in only while armed.";
    POST "/break-glass/{user}/arm" Global, break_glass::arm,
        "Let such an account sign in once within the next hour; every Global Administrator is told.";
    POST "/rehearsals" Global, rehearsal::everywhere,
        "Try changes one after the other, and say what would be refused; nothing stays.";
    GET "/tenants" Caller, tenants::list [LIMIT, CURSOR, TEXT, TAG, TENANT_STATUS],
        "The tenants in which you have anything, by slug.";
    POST "/tenants" Global, tenants::create, "Make a tenant.";
    GET "/tenants/{tenant}" VIEW, tenants::get, "A tenant.";
    PATCH "/tenants/{tenant}" Global, tenants::edit [IF_MATCH], "Rename a tenant, suspend it, let it act again, set its tags.";
    DELETE "/tenants/{tenant}" Global, tenants::delete [CONFIRM, IF_MATCH],
        "Delete a suspended tenant with all that is its own; what it did stays in the trail.";
    GET "/tenants/{tenant}/export" Global, tenants::export,
        "All that a tenant has, without secrets, as one document of JSON lines.";
    GET "/tenants/{tenant}/checklist" VIEW, instance::checklist,
        "How far it is set up, and what waits for a decision.";
    GET "/tenants/{tenant}/policy" VIEW, tenants::policy, "Its sign-in policy.";
    PUT "/tenants/{tenant}/policy" EDIT, tenants::set_policy [IF_MATCH], "Set its sign-in policy.";

    POST "/tenants/{tenant}/rehearsals" EDIT, rehearsal::here,
        "Try changes of a tenant one after the other, and say what would be refused; nothing stays.";

    GET "/tenants/{tenant}/letters" VIEW, letters::get, "How its letters look.";
    PUT "/tenants/{tenant}/letters" EDIT, letters::set, "Set how its letters look.";

    GET "/tenants/{tenant}/letters/unsent" VIEW, letters::unsent [LIMIT, CURSOR],
        "Its letters that wait, and those that were given up, newest first.";
    POST "/tenants/{tenant}/letters/unsent/{letter}/try" EDIT, letters::try_now,
        "Have a letter tried now; one that was given up is tried as often again, if it has no link that ends.";
    DELETE "/tenants/{tenant}/letters/unsent/{letter}" EDIT, letters::abandon,
        "Drop a letter that was given up.";

    GET "/domains" Global, domains::list [LIMIT, CURSOR], "Which e-mail domain is whose.";
    POST "/domains" Global, domains::add, "Confirm that a domain is a tenant's.";
    DELETE "/domains/{domain}" Global, domains::remove, "Take a domain away.";

    GET "/tenants/{tenant}/domains" VIEW, domains::of_tenant, "Its e-mail domains: confirmed, and asked for.";
    POST "/tenants/{tenant}/domains" EDIT, domains::ask, "Ask for a domain: the answer says what to publish in DNS.";
    POST "/tenants/{tenant}/domains/{domain}/check" EDIT, domains::check, "Look now whether it is published.";
    DELETE "/tenants/{tenant}/domains/{domain}" EDIT, domains::drop_own, "Take a domain back.";

    GET "/tenants/{tenant}/directories" VIEW, directories::list [LIMIT, CURSOR], "Its directories.";
    POST "/tenants/{tenant}/directories" EDIT, directories::create, "Make a directory.";
    GET "/tenants/{tenant}/directories/{directory}" VIEW, directories::get, "A directory.";
    PATCH "/tenants/{tenant}/directories/{directory}" EDIT, directories::edit [IF_MATCH], "Change a directory.";
    DELETE "/tenants/{tenant}/directories/{directory}" EDIT, directories::delete [IF_MATCH],
        "Delete a directory with everybody it brought.";
    POST "/tenants/{tenant}/directories/{directory}/simulate" LOGS, simulate::simulate,
        "What would be decided of an id token or a sign-in of the past, and by which rule; nothing is kept.";
    GET "/tenants/{tenant}/directories/{directory}/signin-tests" VIEW, signin_tests::list,
        "The last test login of each who asked for one.";
    POST "/tenants/{tenant}/directories/{directory}/signin-tests" EDIT, signin_tests::ask,
        "Ask for a test login: a link, good once and for ten minutes.";
    POST "/tenants/{tenant}/directories/{directory}/activate" EDIT, signin_tests::activate,
        "Offer its sign-in half to people, after a test login of yours.";
    GET "/tenants/{tenant}/directories/{directory}/signin-health" VIEW, signin_tests::health,
        "How its sign-in half is: provider, keys, clock, last sign-ins, secret, stage. The provider is asked.";
    GET "/tenants/{tenant}/directories/{directory}/setup-links" VIEW, portal::list,
        "Links by which a company's IT staff set it up, without their text.";
    POST "/tenants/{tenant}/directories/{directory}/setup-links" EDIT, portal::make,
        "Make such a link: it opens this directory's setup and nothing else; shown this once.";
    DELETE "/tenants/{tenant}/directories/{directory}/setup-links/{link}" EDIT, portal::revoke,
        "Take such a link back; whoever has it open is out at once.";
    GET "/tenants/{tenant}/directories/{directory}/scim-tokens" VIEW, scim_tokens::list,
        "Its SCIM tokens, without their text.";
    POST "/tenants/{tenant}/directories/{directory}/scim-tokens" EDIT, scim_tokens::create,
        "Make a SCIM token; its text is shown this once.";
    DELETE "/tenants/{tenant}/directories/{directory}/scim-tokens/{token}" EDIT,
        scim_tokens::revoke, "Revoke a SCIM token.";
    GET "/tenants/{tenant}/directories/{directory}/signals" VIEW, signals::get,
        "The security events its provider sends.";
    PUT "/tenants/{tenant}/directories/{directory}/signals" EDIT, signals::put, "Take its provider's security events.";
    DELETE "/tenants/{tenant}/directories/{directory}/signals" EDIT, signals::delete, "Take no more of them.";
    POST "/tenants/{tenant}/directories/{directory}/signals/secret" EDIT, signals::secret,
        "Make the secret they are pushed with; shown this once.";

    GET "/tenants/{tenant}/directories/{directory}/health" VIEW, provisioning::health,
        "How its provisioning is: last request, errors, silence, tokens.";
    GET "/tenants/{tenant}/directories/{directory}/log" LOGS, provisioning::list
        [LIMIT, CURSOR, SINCE, UNTIL, STATUS, METHOD, RESOURCE, RESOURCE_ID, USER_NAME, EXTERNAL_ID, REQUEST, IGNORED, CHANGES],
        "What it asked by SCIM and was answered, newest first.";
    GET "/tenants/{tenant}/directories/{directory}/log/{entry}" LOGS, provisioning::get,
        "One request, with what is kept of its bodies.";
    POST "/tenants/{tenant}/directories/{directory}/log/{entry}/replay" EDIT, provisioning::replay,
        "Do a request once more; without `apply` nothing stays, and the answer says what would.";

    GET "/tenants/{tenant}/schemas" VIEW, schemas::list, "Its extensions of the SCIM user schema.";
    POST "/tenants/{tenant}/schemas" EDIT, schemas::declare, "Declare an extension of the SCIM user schema.";
    GET "/tenants/{tenant}/schemas/{schema}" VIEW, schemas::get,
        "An extension, and how many people carry values of it.";
    PUT "/tenants/{tenant}/schemas/{schema}" EDIT, schemas::change [IF_MATCH],
        "Change an extension; what people carry values of stays as it is.";
    DELETE "/tenants/{tenant}/schemas/{schema}" EDIT, schemas::withdraw [DROP_VALUES, IF_MATCH],
        "Take an extension away.";

    GET "/tenants/{tenant}/users" USERS_VIEW, users::list [LIMIT, CURSOR, TEXT, STARTS, KIND, DIRECTORY, ENABLED, ACTIVE, ROLE],
        "Its people and integration users, in the order in which they were made.";
    POST "/tenants/{tenant}/users" USERS_ADD, users::add, "Add somebody by hand.";
    POST "/tenants/{tenant}/users/bulk" USERS_VIEW, user_bulk::run,
        "Do something to many users, each by itself and by the right that it takes; says what became of each.";
    GET "/tenants/{tenant}/users/{user}" USERS_VIEW, users::get, "A user.";
    PATCH "/tenants/{tenant}/users/{user}" USERS_EDIT, users::edit [IF_MATCH], "Change a user; the switch, too.";
    DELETE "/tenants/{tenant}/users/{user}" USERS_DELETE, users::remove [IF_MATCH], "Delete a user.";
    GET "/tenants/{tenant}/users/{user}/removal" USERS_DELETE, users::removal,
        "What deleting a user would take with it.";
    GET "/tenants/{tenant}/users/{user}/access" ROLES, holdings::get,
        "Where a user has which role, and from where.";
    PUT "/tenants/{tenant}/users/{user}/access" ROLES, holdings::set,
        "Set what a user has by hand, as a whole; says what changed.";
    GET "/tenants/{tenant}/users/{user}/sessions" USERS_VIEW, sessions::list [LIMIT, CURSOR],
        "A user's sessions, newest first.";
    DELETE "/tenants/{tenant}/users/{user}/sessions" USERS_EDIT, sessions::end_all,
        "End all sessions of a user, and what was issued in them.";
    DELETE "/tenants/{tenant}/users/{user}/sessions/{session}" USERS_EDIT, sessions::end,
        "End one session.";
    GET "/tenants/{tenant}/users/{user}/consents" USERS_VIEW, consents::list,
        "What a user let applications know and do.";
    DELETE "/tenants/{tenant}/users/{user}/consents/{app}" USERS_EDIT, consents::withdraw,
        "Take a user's consent back; what the application has by it ends.";
    PUT "/tenants/{tenant}/users/{user}/password" USERS_EDIT, credentials::set_password,
        "Set a local password; sessions end.";
    POST "/tenants/{tenant}/users/{user}/one-time-code" USERS_EDIT, credentials::add_code,
        "Give a new one-time code; its secret is shown this once.";
    DELETE "/tenants/{tenant}/users/{user}/one-time-code" USERS_EDIT, credentials::remove_code,
        "Take the one-time code away.";
    POST "/tenants/{tenant}/users/{user}/unlock" USERS_EDIT, credentials::unlock,
        "Let somebody try again at once who was wrong too often; they are told.";
    POST "/tenants/{tenant}/users/{user}/reset-factors" USERS_EDIT, credentials::reset_factors,
        "Take away one-time code, passkeys, recovery codes and the password; sessions end, they are sent a link to set up new ones.";
    POST "/tenants/{tenant}/users/{user}/reset-link" USERS_EDIT, credentials::send_reset,
        "Send somebody a link to set a new password; a second factor they have is asked for then, one that is missing is set up.";
    GET "/tenants/{tenant}/invitations" USERS_VIEW, invitations::list [LIMIT, CURSOR, STATE], "Who was invited, newest first.";
    POST "/tenants/{tenant}/invitations" USERS_ADD, invitations::create,
        "Add somebody and invite them by e-mail.";
    POST "/tenants/{tenant}/invitations/bulk" USERS_ADD, invite_bulk::create,
        "Invite many at once, each by itself; says what became of each.";
    GET "/tenants/{tenant}/invitations/{invitation}" USERS_VIEW, invitations::get, "An invitation.";
    POST "/tenants/{tenant}/invitations/{invitation}/resend" USERS_ADD, invitations::resend,
        "Write the letter anew, with a new link.";
    POST "/tenants/{tenant}/invitations/{invitation}/bounced" USERS_ADD, invitations::bounced,
        "Note that its letter came back; its address is not written to any more.";
    GET "/tenants/{tenant}/suppressions" USERS_VIEW, suppressions::list [LIMIT, CURSOR],
        "Addresses that are not written to, as letters come back from there or are called unwanted, newest first.";
    DELETE "/tenants/{tenant}/suppressions/{suppression}" USERS_EDIT, suppressions::clear,
        "Let an address be written to again.";
    DELETE "/tenants/{tenant}/invitations/{invitation}" USERS_ADD, invitations::revoke,
        "Take an invitation back.";
    GET "/tenants/{tenant}/adoptions" ROLES, adoptions::list [LIMIT, CURSOR],
        "People without a directory whom a directory wants, newest first.";
    GET "/tenants/{tenant}/adoptions/{adoption}" ROLES, adoptions::get,
        "Who wants whom, and why it takes a decision.";
    POST "/tenants/{tenant}/adoptions/{adoption}" ROLES, adoptions::decide,
        "Let the directory take the person over, or not.";
    GET "/tenants/{tenant}/parked" ROLES, parked::list [LIMIT, CURSOR],
        "What directories took away beyond their limits, newest first.";
    GET "/tenants/{tenant}/parked/{change}" ROLES, parked::get [LIMIT, CURSOR],
        "Such a change, and who would lose what.";
    POST "/tenants/{tenant}/parked/{change}" ROLES, parked::decide,
        "Let the roles go, or keep them; of all or of some.";
    GET "/tenants/{tenant}/tombstones" USERS_VIEW, adoptions::tombstones [LIMIT, CURSOR],
        "People who are gone and do not come back as if nothing had been, newest first.";
    DELETE "/tenants/{tenant}/tombstones/{tombstone}" USERS_ADD, adoptions::lift,
        "Let their directory create somebody again.";
    GET "/tenants/{tenant}/groups" USERS_VIEW, groups::list [LIMIT, CURSOR, TEXT], "Its directories' groups.";
    GET "/tenants/{tenant}/groups/{group}" USERS_VIEW, groups::get [MEMBERS], "A group and the first of its members.";
    GET "/tenants/{tenant}/groups/{group}/members" USERS_VIEW, groups::members [LIMIT, CURSOR, TEXT],
        "Who is in a group, in the order in which they were made.";
    POST "/tenants/{tenant}/groups/{group}/preview" ROLES, preview::group [LIMIT],
        "Who would lose what, were the group deleted with its mappings; nothing is done.";

    GET "/tenants/{tenant}/roles" ROLES, access::roles [LIMIT, CURSOR, TEXT, USES], "The roles that can be given there.";
    POST "/tenants/{tenant}/roles" ROLES, access::role_create, "Make a role.";
    GET "/tenants/{tenant}/roles/export" ROLES, roles::export [FORMAT],
        "All roles and who has them, as one document.";
    GET "/tenants/{tenant}/roles/{role}" ROLES, access::role, "A role.";
    GET "/tenants/{tenant}/roles/{role}/difference" ROLES, roles::difference [WITH],
        "What a role permits more and less than another.";
    GET "/tenants/{tenant}/roles/{role}/uses" ROLES, roles::uses [LIMIT], "Who and what uses a role.";
    PATCH "/tenants/{tenant}/roles/{role}" ROLES, access::role_edit [IF_MATCH], "Change a role.";
    POST "/tenants/{tenant}/roles/{role}/preview" ROLES, preview::role [LIMIT],
        "Who would gain and lose what, were the role changed or deleted; nothing is done.";
    DELETE "/tenants/{tenant}/roles/{role}" ROLES, access::role_delete [IF_MATCH],
        "Delete a role that nobody has.";
    GET "/tenants/{tenant}/mappings" ROLES, access::mappings [LIMIT, CURSOR, ROLE, GROUP], "Which groups give which roles.";
    POST "/tenants/{tenant}/mappings" ROLES, access::mapping_create, "Map a group to a role.";
    POST "/tenants/{tenant}/mappings/preview" ROLES, preview::mapping [LIMIT],
        "Who would gain what, were the group mapped so; nothing is done.";
    POST "/tenants/{tenant}/mappings/{mapping}/preview" ROLES, preview::unmapping [LIMIT],
        "Who would lose what, were the mapping deleted; nothing is done.";
    POST "/tenants/{tenant}/mappings/{mapping}/adopt" ROLES, access::mapping_adopt,
        "Answer for a mapping whose author was demoted or has left.";
    DELETE "/tenants/{tenant}/mappings/{mapping}" ROLES, access::mapping_delete,
        "Delete a mapping and what it gave.";
    GET "/tenants/{tenant}/default-role" ROLES, defaults::get,
        "What its own people have there whom no mapped group gives a role.";
    PUT "/tenants/{tenant}/default-role" ROLES, defaults::set [IF_MATCH], "Set it.";
    DELETE "/tenants/{tenant}/default-role" ROLES, defaults::unset [IF_MATCH],
        "Let them have nothing by default.";
    POST "/tenants/{tenant}/default-role/preview" ROLES, defaults::think [LIMIT],
        "Who would gain and lose what, were it so; nothing is done.";
    POST "/tenants/{tenant}/default-role/adopt" ROLES, defaults::adopt,
        "Answer for the default role of a tenant whose author was demoted or has left.";
    GET "/tenants/{tenant}/explain" ROLES, explain::explain [WHO, PERMISSION, HOME],
        "Whether somebody may do something there, and why.";

    GET "/tenants/{tenant}/who-can" ROLES, explain::who_can [PERMISSION, LIMIT, CURSOR],
        "Who may do something there, and why; the question the other way round.";

    GET "/tenants/{tenant}/grants" ROLES, grants::list [LIMIT, CURSOR, USER, ROLE], "Who was given what there.";
    POST "/tenants/{tenant}/grants" ROLES, grants::add, "Give somebody a role there.";
    DELETE "/tenants/{tenant}/grants/{grant}" ROLES, grants::remove, "Take it away.";
    GET "/tenants/{tenant}/holds" ROLES, grants::holds [LIMIT, CURSOR, USER, ROLE],
        "What is left of roles whose last holder a directory took away.";
    POST "/tenants/{tenant}/holds/{hold}" ROLES, grants::resolve, "Keep or drop a hold.";
    GET "/grants" Global, grants::list_everywhere [LIMIT, CURSOR, USER_ID, ROLE_ID], "Who was given what on the whole instance.";
    POST "/grants" Global, grants::add_everywhere, "Give somebody a role on the whole instance.";
    DELETE "/grants/{grant}" Global, grants::remove_everywhere, "Take it away.";
    GET "/holds" Global, grants::holds_everywhere [LIMIT, CURSOR, USER_ID, ROLE_ID], "The holds on the whole instance.";
    POST "/holds/{hold}" Global, grants::resolve_everywhere, "Keep or drop a hold.";

    GET "/tenants/{tenant}/eligibilities" ROLES, elevations::list [LIMIT, CURSOR],
        "Who may ask for which role there.";
    POST "/tenants/{tenant}/eligibilities" ROLES, elevations::make,
        "Let somebody ask for a role there when they need it.";
    DELETE "/tenants/{tenant}/eligibilities/{eligibility}" ROLES, elevations::withdraw,
        "Take that back, and end what runs on it.";
    GET "/tenants/{tenant}/elevations" ROLES, elevations::requests [LIMIT, CURSOR],
        "Who asked for which role there, newest first.";
    GET "/tenants/{tenant}/elevations/{elevation}" ROLES, elevations::request, "One such request.";
    POST "/tenants/{tenant}/elevations/{elevation}" ROLES, elevations::decide,
        "Give the role for as long as was asked, or not.";
    GET "/eligibilities" Global, elevations::list_everywhere [LIMIT, CURSOR],
        "Who may ask for which role on the whole instance.";
    POST "/eligibilities" Global, elevations::make_everywhere,
        "Let somebody ask for a role on the whole instance when they need it.";
    DELETE "/eligibilities/{eligibility}" Global, elevations::withdraw_everywhere,
        "Take that back, and end what runs on it.";
    GET "/elevations" Global, elevations::requests_everywhere [LIMIT, CURSOR],
        "Who asked for which role on the whole instance, newest first.";
    GET "/elevations/{elevation}" Global, elevations::request_everywhere, "One such request.";
    POST "/elevations/{elevation}" Global, elevations::decide_everywhere,
        "Give the role for as long as was asked, or not.";

    GET "/tenants/{tenant}/reviews" ROLES, reviews::list [LIMIT, CURSOR],
        "Reviews of who has what there, newest first.";
    POST "/tenants/{tenant}/reviews" ROLES, reviews::open,
        "Begin a review: who has what is written down as it is now.";
    GET "/tenants/{tenant}/reviews/{review}" ROLES, reviews::get, "A review, and how far it is.";
    GET "/tenants/{tenant}/reviews/{review}/items" ROLES, reviews::items [LIMIT, CURSOR, MINE, UNDECIDED, OUTCOME],
        "The ways in which people have roles, and what was decided about each.";
    POST "/tenants/{tenant}/reviews/{review}/items" ROLES, reviews::decide,
        "Decide about some of them: keep, remove, or shorten.";
    POST "/tenants/{tenant}/reviews/{review}/close" ROLES, reviews::close,
        "Close a review now, and do what was decided.";
    GET "/tenants/{tenant}/reviews/{review}/export" ROLES, reviews::export [EVIDENCE],
        "A review as one document.";
    GET "/tenants/{tenant}/reviews/{review}/check" ROLES, reviews::check [SHA256],
        "Whether a closed review is what it was, and whether a file is of it.";
    GET "/tenants/{tenant}/review-plans" ROLES, reviews::plans [LIMIT, CURSOR],
        "What begins reviews every so many days.";
    DELETE "/tenants/{tenant}/review-plans/{plan}" ROLES, reviews::stop, "Begin no further review.";

    GET "/tenants/{tenant}/apps" VIEW, apps::list [LIMIT, CURSOR, TEXT, ENABLED], "Its applications.";
    POST "/tenants/{tenant}/apps" EDIT, apps::create,
        "Register an application; its secret is shown this once.";
    GET "/tenants/{tenant}/apps/{app}" VIEW, apps::get, "An application.";
    PATCH "/tenants/{tenant}/apps/{app}" EDIT, apps::edit [IF_MATCH],
        "Change an application's name and settings, or switch it off or on.";
    DELETE "/tenants/{tenant}/apps/{app}" EDIT, apps::remove [IF_MATCH], "Remove an application.";
    GET "/tenants/{tenant}/apps/{app}/event-stream" VIEW, event_streams::get,
        "The stream of security events that it asked for.";
    PUT "/tenants/{tenant}/apps/{app}/event-stream" EDIT, event_streams::set,
        "Stop it or let it flow; the application is told.";
    DELETE "/tenants/{tenant}/apps/{app}/event-stream" EDIT, event_streams::delete,
        "End it, with what waits for it.";
    GET "/tenants/{tenant}/apps/{app}/secrets" EDIT, apps::secrets, "Its secrets, without their text.";
    POST "/tenants/{tenant}/apps/{app}/secrets" EDIT, apps::secret_add,
        "Make a further secret, shown this once; two live at most.";
    DELETE "/tenants/{tenant}/apps/{app}/secrets/{secret}" EDIT, apps::secret_revoke,
        "Revoke a secret.";
    GET "/tenants/{tenant}/integrations" INTEGRATIONS, integrations::list [LIMIT, CURSOR, TEXT, ENABLED],
        "Its integration users.";
    POST "/tenants/{tenant}/integrations" INTEGRATIONS, integrations::create,
        "Make an integration user; its secret is shown this once.";
    GET "/tenants/{tenant}/integrations/{integration}" INTEGRATIONS, integrations::get,
        "An integration user.";
    PATCH "/tenants/{tenant}/integrations/{integration}" INTEGRATIONS, integrations::edit [IF_MATCH],
        "Change an integration user's name, permissions and keys, or switch it off or on.";
    POST "/tenants/{tenant}/integrations/{integration}/adopt" INTEGRATIONS, integrations::adopt,
        "Answer for an integration user whose author was demoted or has left.";
    DELETE "/tenants/{tenant}/integrations/{integration}" INTEGRATIONS, integrations::remove [IF_MATCH],
        "Remove an integration user.";
    GET "/tenants/{tenant}/integrations/{integration}/secrets" INTEGRATIONS,
        integrations::secrets, "Its secrets, without their text.";
    POST "/tenants/{tenant}/integrations/{integration}/secrets" INTEGRATIONS,
        integrations::secret_add, "Make a further secret, shown this once; two live at most.";
    DELETE "/tenants/{tenant}/integrations/{integration}/secrets/{secret}" INTEGRATIONS,
        integrations::secret_revoke, "Revoke a secret.";

    GET "/tenants/{tenant}/audit" LOGS, trail::audit [LIMIT, CURSOR, SINCE, UNTIL, ACTION, ACTOR, TARGET],
        "What was done there, newest first.";
    GET "/tenants/{tenant}/audit/export" LOGS, trail::export [TRAIL, SINCE, UNTIL, ACTION, ACTOR, TARGET],
        "The same to its end, as a file.";
    GET "/tenants/{tenant}/audit/views" LOGS, trail::views, "What you look for in it again and again, by name.";
    POST "/tenants/{tenant}/audit/views" LOGS, trail::keep, "Keep a query under a name; 50 at most.";
    DELETE "/tenants/{tenant}/audit/views/{view}" LOGS, trail::forget, "Forget one.";
    GET "/tenants/{tenant}/statistics" LOGS, statistics::by_day [DAYS],
        "How many signed in, and how many requests its directories made, day by day.";
    GET "/tenants/{tenant}/signins" LOGS, signins::list
        [LIMIT, CURSOR, USER, BAD, ENDED, REASON, DIRECTORY, SINCE, UNTIL], "Who tried to sign in, newest first.";
    GET "/tenants/{tenant}/signins/{attempt}" LOGS, signins::get, "One attempt, by its reference.";
    GET "/audit" Global, trail::audit_instance [LIMIT, CURSOR, SINCE, UNTIL, ACTION, ACTOR, TARGET, TENANT],
        "What was done to the instance, or in a tenant that is there no more, newest first.";
    GET "/audit/export" Global, trail::export_instance [TRAIL, SINCE, UNTIL, ACTION, ACTOR, TARGET, TENANT],
        "The same to its end, as a file.";
    GET "/signins/{attempt}" Global, signins::anywhere, "One attempt to sign in, in whatever tenant, by its reference.";
    GET "/keys" Global, system::keys, "The signing keys.";
    POST "/keys/rotate" Global, system::keys_rotate, "Begin a rotation of the signing keys.";
}
