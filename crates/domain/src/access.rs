//! Who may do what: two roles and one rule. Named tokens and anonymous access come from the security room.

use alloc::sync::Arc;

/// What a caller may do. `Admin` includes `Read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May look.
    Read,
    /// May look and change.
    Admin,
}

impl Role {
    /// Reads `read` or `admin`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody said who they are.
    Anonymous,
    /// The bearer of a named token.
    Token {
        /// The name beside the token in the tokens file.
        name: Arc<str>,
        /// What it may do.
        role: Role,
    },
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Anybody: liveness, the API's description.
    Public,
    /// Looking.
    Read,
    /// Changing.
    Admin,
}

/// The answer to "may they?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// Not known: say who you are (401).
    Authenticate,
    /// Known, but not allowed (403).
    Forbid,
}

/// May `principal` use a route that asks for `permission`, when nobody in particular has the role `anonymous`?
pub fn decide(principal: &Principal, permission: Permission, anonymous: Option<Role>) -> Decision {
    let needed = match permission {
        Permission::Public => return Decision::Allow,
        Permission::Read => Role::Read,
        Permission::Admin => Role::Admin,
    };
    match principal {
        Principal::Token { role, .. } if *role >= needed => Decision::Allow,
        Principal::Token { .. } => Decision::Forbid,
        Principal::Anonymous if anonymous.is_some_and(|role| role >= needed) => Decision::Allow,
        Principal::Anonymous => Decision::Authenticate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_covers_what_lies_below_it_and_nothing_above() {
        let token = |role| Principal::Token { name: "t".into(), role };
        assert_eq!(decide(&token(Role::Read), Permission::Admin, Some(Role::Admin)), Decision::Forbid);
        assert_eq!(decide(&token(Role::Admin), Permission::Read, None), Decision::Allow);
        assert_eq!(decide(&Principal::Anonymous, Permission::Read, None), Decision::Authenticate);
        assert_eq!(decide(&Principal::Anonymous, Permission::Admin, Some(Role::Read)), Decision::Authenticate);
        assert_eq!(decide(&Principal::Anonymous, Permission::Admin, Some(Role::Admin)), Decision::Allow);
        assert_eq!(decide(&Principal::Anonymous, Permission::Public, None), Decision::Allow);
    }
}
