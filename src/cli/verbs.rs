//! The commands that set things up, as they are written in a shell; what each asks of the admin API is in
//! `requests`.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Companies
    #[command(subcommand)]
    Tenant(Tenant),
    /// Where a company's people come from: provisioning (SCIM) and sign-in (OpenID Connect)
    #[command(subcommand)]
    Directory(Directory),
    /// What a directory's SCIM client proves itself with
    #[command(subcommand)]
    ScimToken(ScimToken),
    /// Sets of permissions
    #[command(subcommand)]
    Role(Role),
    /// Which groups of a directory give which roles
    #[command(subcommand)]
    Mapping(Mapping),
    /// Roles given by hand
    #[command(subcommand)]
    Grant(Grant),
    /// What a tenant demands of those who sign in
    #[command(subcommand)]
    Policy(Policy),
    /// Applications that sign people in with us
    #[command(subcommand)]
    App(App),
    /// Service accounts that call APIs
    #[command(subcommand)]
    Integration(Integration),
    /// People
    #[command(subcommand)]
    User(User),
    /// Whether somebody may do something in a tenant, and why
    #[command(after_help = "Examples:
  muster explain contoso anna@contoso.com users.edit
  muster explain contoso tech@provider.example users.view --home provider | jq '.paths[].via'")]
    Explain {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The permission's id (`muster config --permissions` lists all)
        permission: String,
        /// The user's own tenant, if it is another
        #[arg(long)]
        home: Option<String>,
    },
    /// Signing keys
    #[command(subcommand)]
    Keys(Keys),
}

#[derive(Debug, Subcommand)]
pub(super) enum Tenant {
    /// Make a company
    #[command(after_help = "Examples:
  muster tenant create contoso --name 'Contoso AG'
  muster tenant create us --name 'Our company' --provider     the one that runs the platform")]
    Create {
        /// Its name in addresses: lower case letters, digits, hyphens
        slug: String,
        /// Its name for people [default: the slug]
        #[arg(long)]
        name: Option<String>,
        /// The platform's own company; there is one
        #[arg(long)]
        provider: bool,
    },
    /// All companies
    List,
    /// End everything of a company at once, until `resume`
    Suspend {
        /// Tenant: id or slug
        tenant: String,
    },
    /// Let a suspended company act again
    Resume {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Preset {
    Entra,
    Okta,
    Google,
    Generic,
}

#[derive(Debug, Subcommand)]
pub(super) enum Directory {
    /// Make a directory; prints its SCIM base URL
    #[command(after_help = "Examples:
  muster directory create contoso 'Contoso Entra' --preset entra
  muster directory create contoso 'Contoso Entra' --preset entra \\
      --issuer https://login.microsoftonline.com/TENANT-ID/v2.0 --client-id ID \\
      --client-secret-file secret.txt --auth-context c1
  muster directory create fabrikam 'Fabrikam login' --issuer https://login.fabrikam.example \\
      --client-id muster --client-secret-file secret.txt --mfa-amr otp --mfa-acr urn:example:2fa

The redirect URI to register at the provider is PUBLIC_URL/federation/callback.")]
    Create(Box<NewDirectory>),
    /// A tenant's directories
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct NewDirectory {
    /// Tenant: id or slug
    pub(super) tenant: String,
    /// Its name for people
    pub(super) name: String,
    /// Whose product it is
    #[arg(long, value_enum, default_value = "generic")]
    pub(super) preset: Preset,
    /// Sign-in: the provider's issuer URL
    #[arg(long, requires = "client_id", value_name = "URL")]
    pub(super) issuer: Option<String>,
    /// Sign-in: our client id there
    #[arg(long, requires = "issuer", value_name = "ID")]
    pub(super) client_id: Option<String>,
    /// Sign-in: our secret there (better from a file: other users of this machine see command lines)
    #[arg(long, requires = "issuer", value_name = "SECRET")]
    pub(super) client_secret: Option<String>,
    /// Sign-in: file that holds our secret there
    #[arg(long, requires = "issuer", conflicts_with = "client_secret", value_name = "FILE")]
    pub(super) client_secret_file: Option<std::path::PathBuf>,
    /// Sign-in: asked for besides `openid`; may be given several times
    #[arg(long = "scope", requires = "issuer", value_name = "SCOPE")]
    pub(super) scopes: Vec<String>,
    /// Sign-in, generic: a value of `amr` that proves a second factor; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(super) mfa_amr: Vec<String>,
    /// Sign-in, generic: a value of `acr` that proves a second factor; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(super) mfa_acr: Vec<String>,
    /// Sign-in, generic: a value of `acr` that proves a phishing-resistant login; may be given several times
    #[arg(long, requires = "issuer", value_name = "VALUE")]
    pub(super) phr_acr: Vec<String>,
    /// Sign-in, Entra: the authentication context that a Conditional Access policy binds to a second factor
    #[arg(long, requires = "issuer", value_name = "c1..c99")]
    pub(super) auth_context: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ScimToken {
    /// Make a token; its text is printed this once
    #[command(
        after_help = "Two may be live at once: make the new one, give it to the directory, revoke the old one.

Examples:
  muster scim-token create contoso 'Contoso Entra'
  muster scim-token create contoso 0198f2c4-... --expires-at 2027-01-01T00:00:00Z | jq -r .token"
    )]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// A directory's tokens, without their text
    List {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
    },
    /// End a token
    Revoke {
        /// Tenant: id or slug
        tenant: String,
        /// The directory's id or name
        directory: String,
        /// The token's id
        token: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Make a role
    #[command(after_help = "Examples:
  muster role create contoso 'Help desk' --permission users.view --permission users.edit
  muster role create us Auditor --permission system.view_logs --offered      for all tenants")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name
        name: String,
        /// What it permits; may be given several times
        #[arg(long = "permission", required = true, value_name = "ID")]
        permissions: Vec<String>,
        /// One sentence
        #[arg(long, default_value = "")]
        description: String,
        /// A role of the provider: other tenants may give it as well
        #[arg(long)]
        offered: bool,
    },
    /// The roles that can be given in a tenant
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Mapping {
    /// Give a role to whoever is in a group
    #[command(after_help = "Examples:
  muster mapping create contoso --group 'Muster Admins' --role 'Tenant Administrator'
  muster mapping create us --group Technicians --role 'Help desk' --in-tenant contoso")]
    Create {
        /// The directory's tenant: id or slug
        tenant: String,
        /// The group's id or name
        #[arg(long)]
        group: String,
        /// The role's id or name
        #[arg(long)]
        role: String,
        /// In another tenant than the directory's own: id or slug
        #[arg(long, value_name = "TENANT", conflicts_with = "everywhere")]
        in_tenant: Option<String>,
        /// In every tenant
        #[arg(long)]
        everywhere: bool,
    },
    /// A tenant's mappings
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Grant {
    /// Give somebody a role in a tenant
    #[command(after_help = "Examples:
  muster grant add contoso anna@contoso.com 'Tenant Administrator' --reason 'first administrator'
  muster grant add contoso tech@provider.example 'Help desk' --home us --until 2026-12-31T00:00:00Z
  muster grant add us ada 'Global Administrator' --everywhere")]
    Add {
        /// Where: tenant, id or slug
        tenant: String,
        /// The user's id or name
        user: String,
        /// The role's id or name
        role: String,
        /// The user's own tenant, if it is another
        #[arg(long)]
        home: Option<String>,
        /// On the whole instance; TENANT is then the user's own
        #[arg(long, conflicts_with = "home")]
        everywhere: bool,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why, for those who ask later
        #[arg(long)]
        reason: Option<String>,
    },
    /// What was given by hand in a tenant
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MfaDefault {
    /// As the role's permissions demand: where they could do harm
    ByRole,
    /// Of everybody
    Always,
    /// Of nobody; the directory alone decides
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Set when a second factor is demanded
    #[command(after_help = "Examples:
  muster policy set contoso --mfa always
  muster policy set contoso --mfa by-role --role 'Help desk=mfa' --role 'Self-Service=none'
`phr` demands a phishing-resistant factor. Roles that are not named follow --mfa.")]
    Set {
        /// Tenant: id or slug
        tenant: String,
        /// For roles that are not named
        #[arg(long, value_enum, default_value = "by-role")]
        mfa: MfaDefault,
        /// For one role, by id or name: none, mfa or phr; may be given several times
        #[arg(long = "role", value_name = "ROLE=WHAT", value_parser = super::assignment)]
        roles: Vec<(String, String)>,
    },
    /// The policy
    Show {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum App {
    /// Make an application; prints its client id and, unless it is public, its secret this once
    #[command(after_help = "Examples:
  muster app create contoso Wiki --redirect-uri https://wiki.contoso.com/callback
  muster app create contoso 'Phone app' --public --redirect-uri com.contoso.app:/callback")]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name for people
        name: String,
        /// Where answers may go, compared character by character; may be given several times
        #[arg(long = "redirect-uri", required = true, value_name = "URI")]
        redirect_uris: Vec<String>,
        /// What it may ask for [default: everything]; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// It cannot keep a secret (a browser or phone app)
        #[arg(long)]
        public: bool,
    },
    /// A tenant's applications
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Integration {
    /// Make an integration user; prints its client id and secret this once
    #[command(
        after_help = "Its tokens hold at most what its roles in the tenant permit, and of that only its scopes.

Examples:
  muster integration create contoso Backup --role 'Help desk' --scope users.view
  curl -u CLIENT_ID:SECRET -d grant_type=client_credentials PUBLIC_URL/oauth/token"
    )]
    Create {
        /// Tenant: id or slug
        tenant: String,
        /// Its name
        name: String,
        /// What it may ask for; may be given several times
        #[arg(long = "scope", required = true, value_name = "SCOPE")]
        scopes: Vec<String>,
        /// A role it gets in the tenant, by id or name; may be given several times
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// A tenant's integration users
    List {
        /// Tenant: id or slug
        tenant: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// Runs the platform
    Administrator,
    /// The provider's daily worker
    Technician,
    /// Works at a customer
    Tenant,
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add somebody by hand
    #[command(after_help = "Examples:
  muster user add contoso bert --display-name 'Bert Berg' --email bert@contoso.com
  muster user add us tech --kind technician --password-file pw.txt --one-time-code")]
    Add(NewPerson),
    /// A tenant's people
    List {
        /// Tenant: id or slug
        tenant: String,
        /// Only those whose name or address holds this
        #[arg(long)]
        text: Option<String>,
    },
    /// Switch somebody off: everything of theirs ends at once
    Disable {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
    /// Switch somebody on again
    Enable {
        /// Tenant: id or slug
        tenant: String,
        /// The user's id or name
        user: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct NewPerson {
    /// Tenant: id or slug
    pub(super) tenant: String,
    /// The name to sign in with
    pub(super) user_name: String,
    /// What kind
    #[arg(long, value_enum, default_value = "tenant")]
    pub(super) kind: Kind,
    /// For people to read
    #[arg(long)]
    pub(super) display_name: Option<String>,
    /// E-mail address
    #[arg(long)]
    pub(super) email: Option<String>,
    /// File that holds a password for signing in here; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<std::path::PathBuf>,
    /// Make a one-time code as well; its otpauth address is printed this once
    #[arg(long)]
    pub(super) one_time_code: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Begin to use new signing keys
    #[command(
        after_help = "The new key is published now and signs a day later, so that whoever caches our key set has it by then.
With --at-once it signs now: for the day a key leaked.

Examples:
  muster keys rotate
  muster keys rotate --at-once"
    )]
    Rotate {
        /// Sign with the new key now
        #[arg(long)]
        at_once: bool,
    },
    /// All keys
    List,
}

impl Verb {
    /// Whether it makes sense on a data directory that does not exist yet.
    pub(super) fn makes_data(&self) -> bool {
        matches!(self, Self::Tenant(Tenant::Create { .. }))
    }
}
