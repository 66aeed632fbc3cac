//! The steps, in the order of the story.

mod leave;
mod people;
mod programs;
mod signin;

use super::Step;

/// All of them.
pub(super) static ALL: &[Step] = &[
    Step {
        name: "tenant",
        proves: "a company and its directory are set up; its SCIM address answers to its token",
        effect: |p| Box::pin(people::set_up(p)),
        proof: |p| Box::pin(people::is_set_up(p)),
    },
    Step {
        name: "provision",
        proves: "the directory provisions people and groups, with the requests Entra ID sends",
        effect: |p| Box::pin(people::provision(p)),
        proof: |p| Box::pin(people::are_provisioned(p)),
    },
    Step {
        name: "roles",
        proves: "groups give a built-in and a custom role, and every right can be explained",
        effect: |p| Box::pin(people::map_roles(p)),
        proof: |p| Box::pin(people::roles_are_explained(p)),
    },
    Step {
        name: "sign-in",
        proves: "a person signs in at the company's login; its claims prove two factors",
        effect: |p| Box::pin(signin::with_proof(p)),
        proof: |p| Box::pin(signin::is_signed_in(p)),
    },
    Step {
        name: "refuse",
        proves: "whoever brings no proof of a second factor is refused, with the reason on record",
        effect: |p| Box::pin(signin::without_proof(p)),
        proof: |p| Box::pin(signin::is_refused(p)),
    },
    Step {
        name: "application",
        proves: "an application receives tokens whose scopes follow from the person's roles",
        effect: |p| Box::pin(programs::authorize(p)),
        proof: |p| Box::pin(programs::scopes_follow(p)),
    },
    Step {
        name: "integration",
        proves: "an integration user's token opens what its scope says, and nothing else",
        effect: |p| Box::pin(programs::integrate(p)),
        proof: |p| Box::pin(programs::token_is_scoped(p)),
    },
    Step {
        name: "deactivate",
        proves: "the directory deactivates the person: session, refresh token and API end",
        effect: |p| Box::pin(leave::deactivate(p)),
        proof: |p| Box::pin(leave::everything_ended(p)),
    },
];
