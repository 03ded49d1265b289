//! Which of several relays on one database relays which partitions: groups of partitions are leased
//! for a while, and shared evenly among the relays that live. A lease saves double work, it is no
//! lock: when two relays hold one by mistake (a clock ran wild), consumers still take each event
//! once and in order, because [`crate::inbox`] says so.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Sql, Tx, p};
use uuid::Uuid;

use crate::PARTITIONS;

/// Into how many leases the partitions are gathered; more relays than this would idle.
const GROUPS: u8 = 8;
const PARTITIONS_PER_GROUP: u8 = PARTITIONS / GROUPS;

/// A set of partition groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups(u8);

impl Groups {
    /// Every group.
    pub(crate) const ALL: Self = Self(u8::MAX);

    /// The group of a partition.
    pub(crate) fn of_partition(partition: u8) -> u8 {
        (partition / PARTITIONS_PER_GROUP).min(GROUPS - 1)
    }

    pub(crate) fn with(self, group: u8) -> Self {
        Self(self.0 | Self::bit(group))
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn contains(self, group: u8) -> bool {
        self.0 & Self::bit(group) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn len(self) -> u32 {
        self.0.count_ones()
    }

    fn iter(self) -> impl DoubleEndedIterator<Item = u8> {
        (0..GROUPS).filter(move |&group| self.contains(group))
    }

    /// The partitions in these groups.
    pub(crate) fn partitions(self) -> impl Iterator<Item = u8> {
        (0..PARTITIONS).filter(move |&partition| self.contains(Self::of_partition(partition)))
    }

    fn bit(group: u8) -> u8 {
        1_u8.checked_shl(u32::from(group)).unwrap_or(0)
    }
}

impl FromIterator<u8> for Groups {
    fn from_iter<T: IntoIterator<Item = u8>>(groups: T) -> Self {
        groups.into_iter().fold(Self::default(), Self::with)
    }
}

/// A relay's wish at a renewal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewal {
    /// The relay's id.
    pub(crate) owner: Uuid,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
    /// Groups with deliveries under way, which can't be given away yet.
    pub(crate) busy: Groups,
}

/// What a relay has from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its leases.
    pub(crate) groups: Groups,
    /// Those of them that another relay should get: nothing new is read from them, so that they can
    /// be given away at the next renewal.
    pub(crate) leaving: Groups,
}

impl Held {
    /// What a relay has that is alone.
    pub(crate) const ALL: Self = Self { groups: Groups::ALL, leaving: Groups(0) };

    /// The groups to read from.
    pub(crate) fn readable(self) -> Groups {
        self.groups.without(self.leaving)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lease {
    group: u8,
    owner: Option<Uuid>,
    until: Timestamp,
}

/// What a renewal changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    held: Held,
    released: Groups,
}

const ROWS: Sql = Sql::new(
    "SELECT partition_group, owner, held_until FROM relay_leases ORDER BY partition_group FOR UPDATE",
);
const JOIN: Sql = Sql::new(
    "INSERT INTO relay_members (owner, held_until) VALUES (?, ?) \
     ON CONFLICT (owner) DO UPDATE SET held_until = excluded.held_until",
)
.mysql(
    "INSERT INTO relay_members (owner, held_until) VALUES (?, ?) \
     ON DUPLICATE KEY UPDATE held_until = VALUES(held_until)",
);
const HOLD: Sql =
    Sql::new("UPDATE relay_leases SET owner = ?, held_until = ? WHERE partition_group = ?");

/// Renews, takes and gives away leases. The rows' locks let one relay after the other do so.
pub(crate) fn renew(tx: &mut Tx<'_>, wish: &Renewal) -> Result<Held, DbError> {
    let leases = lock_leases(tx)?;
    tx.execute("DELETE FROM relay_members WHERE held_until <= ?", p![wish.now])?;
    tx.execute(JOIN, p![wish.owner, wish.until])?;
    let members =
        tx.query_one("SELECT COUNT(*) FROM relay_members", p![], |row| row.get::<i64>(0))?;
    let plan = plan(&leases, usize::try_from(members).unwrap_or(1), wish);
    for group in plan.held.groups.iter() {
        tx.execute(HOLD, p![wish.owner, wish.until, i64::from(group)])?;
    }
    for group in plan.released.iter() {
        tx.execute(HOLD, p![None::<Uuid>, wish.now, i64::from(group)])?;
    }
    Ok(plan.held)
}

/// Gives all leases away at once, when the relay ends.
pub(crate) fn release(tx: &mut Tx<'_>, owner: Uuid, now: Timestamp) -> Result<(), DbError> {
    for lease in lock_leases(tx)?.iter().filter(|lease| lease.owner == Some(owner)) {
        tx.execute(HOLD, p![None::<Uuid>, now, i64::from(lease.group)])?;
    }
    tx.execute("DELETE FROM relay_members WHERE owner = ?", p![owner])?;
    Ok(())
}

fn lock_leases(tx: &mut Tx<'_>) -> Result<Vec<Lease>, DbError> {
    tx.query(ROWS, p![], |row| {
        let group = u8::try_from(row.get::<i64>(0)?).unwrap_or(u8::MAX);
        Ok(Lease { group, owner: row.get(1)?, until: row.get(2)? })
    })
}

/// Every living relay gets its share, rounded up; what it has beyond it leaves as soon as nothing
/// of it is under way.
fn plan(leases: &[Lease], members: usize, wish: &Renewal) -> Plan {
    let share = u32::from(GROUPS).div_ceil(u32::try_from(members.max(1)).unwrap_or(u32::MAX));
    let groups_where = |test: &dyn Fn(&Lease) -> bool| -> Groups {
        leases.iter().filter(|lease| test(lease)).map(|lease| lease.group).collect()
    };
    let mine = groups_where(&|lease| lease.owner == Some(wish.owner));
    let free = groups_where(&|lease| {
        lease.owner != Some(wish.owner) && (lease.owner.is_none() || lease.until <= wish.now)
    });
    let wanted = share.saturating_sub(mine.len());
    let taken: Groups = free.iter().take(usize::try_from(wanted).unwrap_or(0)).collect();
    let surplus = usize::try_from(mine.len().saturating_sub(share)).unwrap_or(0);
    let leaving: Groups = mine.iter().rev().take(surplus).collect();
    let released: Groups = leaving.iter().filter(|&group| !wish.busy.contains(group)).collect();
    let groups: Groups = mine.without(released).iter().chain(taken.iter()).collect();
    Plan { held: Held { groups, leaving: leaving.without(released) }, released }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn renew(leases: &mut [Lease], members: usize, wish: &Renewal) {
        let plan = plan(leases, members, wish);
        for lease in leases {
            if plan.held.groups.contains(lease.group) {
                (lease.owner, lease.until) = (Some(wish.owner), wish.until);
            } else if plan.released.contains(lease.group) {
                (lease.owner, lease.until) = (None, wish.now);
            }
        }
    }

    fn unleased() -> Vec<Lease> {
        (0..GROUPS).map(|group| Lease { group, owner: None, until: at(0) }).collect()
    }

    fn renewal(owner: u128, second: i64, busy: Groups) -> Renewal {
        Renewal { owner: Uuid::from_u128(owner), now: at(second), until: at(second + 10), busy }
    }

    #[test]
    fn the_only_relay_gets_everything() {
        let plan = plan(&unleased(), 1, &renewal(1, 0, Groups::default()));

        assert_eq!(plan.held, Held::ALL);
    }

    #[test]
    fn a_busy_group_stays_until_it_is_idle() {
        let mut leases = unleased();
        let first = renewal(1, 0, Groups::default());
        renew(&mut leases, 1, &first);

        let busy = plan(&leases, 2, &renewal(1, 1, Groups::ALL));
        let idle = plan(&leases, 2, &renewal(1, 2, Groups::default()));

        assert_eq!(busy.held.readable().len(), 4);
        assert!(busy.released.is_empty());
        assert_eq!((idle.held.groups.len(), idle.released.len()), (4, 4));
    }

    #[test]
    fn the_leases_of_a_dead_relay_are_taken_when_they_end() {
        let mut leases = unleased();
        let dead = renewal(1, 0, Groups::default());
        renew(&mut leases, 1, &dead);

        assert!(plan(&leases, 1, &renewal(2, 9, Groups::default())).held.groups.is_empty());
        assert_eq!(plan(&leases, 1, &renewal(2, 10, Groups::default())).held, Held::ALL);
    }

    #[test]
    fn partitions_and_groups_agree() {
        let all: Vec<u8> = Groups::ALL.partitions().collect();

        assert_eq!(all, (0..PARTITIONS).collect::<Vec<_>>());
        assert_eq!(Groups::default().with(7).partitions().next(), Some(56));
    }

    proptest! {
        #[test]
        fn living_relays_share_everything_and_nothing_twice(
            relays in 1..10_u128,
            rounds in proptest::collection::vec((0..10_u128, any::<u8>()), 0..60),
        ) {
            let mut leases = unleased();
            let members = usize::try_from(relays).expect("few");

            for (relay, busy) in rounds {
                let wish = renewal(1 + relay % relays, 1, Groups(busy));
                let plan = plan(&leases, members, &wish);
                for lease in &leases {
                    if plan.held.groups.contains(lease.group) {
                        prop_assert!(lease.owner.is_none_or(|owner| owner == wish.owner));
                    }
                }
                renew(&mut leases, members, &wish);
            }
            for relay in (1..=relays).chain(1..=relays) {
                let wish = renewal(relay, 1, Groups::default());
                renew(&mut leases, members, &wish);
            }

            prop_assert!(leases.iter().all(|lease| lease.owner.is_some()));
        }
    }
}
