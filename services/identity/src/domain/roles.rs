//! What may be said of a user's roles.

use techtrove_identity_api::{Role, UserId};

/// Whether nobody could give roles any more, were `user` given `roles`.
#[must_use]
pub fn leaves_no_admin(admins: &[UserId], user: UserId, roles: &[Role]) -> bool {
    !roles.contains(&Role::Admin) && admins.iter().all(|admin| *admin == user)
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId as _;

    use super::*;

    fn user(last: u8) -> UserId {
        let text = format!("01890a5d-ac96-774b-bcce-b302099a80{last:02x}");
        UserId::from_uuid(text.parse().expect("a UUID"))
    }

    #[test]
    fn the_last_admin_stays_one_and_others_may_go() {
        let (ada, bob) = (user(1), user(2));

        assert!(leaves_no_admin(&[ada], ada, &[Role::Support]));
        assert!(!leaves_no_admin(&[ada], ada, &[Role::Admin, Role::Support]));
        assert!(!leaves_no_admin(&[ada], bob, &[Role::Support]));
        assert!(!leaves_no_admin(&[ada, bob], ada, &[Role::Support]));
    }
}
