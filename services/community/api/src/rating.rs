//! How ratings are averaged: in one place, so that community's lists and catalog's products say the same.

/// The average of `count` ratings of 1 to 5 that make `sum`, in hundredths; half a hundredth counts as
/// one. 0 without any.
#[must_use]
pub fn average_in_hundredths(sum: i64, count: i64) -> u32 {
    let doubled = sum.saturating_mul(200).saturating_add(count);
    let average = doubled.checked_div(count.saturating_mul(2)).unwrap_or(0).clamp(0, 500);
    u32::try_from(average).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_rounded_to_the_hundredth_that_is_shown() {
        let averages =
            [(0, 0), (5, 1), (9, 2), (13, 3), (14, 3), (801, 200), (-4, 1), (i64::MAX, 1)]
                .map(|(sum, count)| average_in_hundredths(sum, count));

        assert_eq!(averages, [0, 500, 450, 433, 467, 401, 0, 500]);
    }
}
