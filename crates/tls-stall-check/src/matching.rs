//! Which expectation goes with which connection.

use std::collections::{BTreeMap, VecDeque};

/// Gives as many of `rows` a column of their own as can have one that `fits`; of each row its column.
///
/// The first that fits would not do: it may be the only one that another row can have. So a row that
/// finds all its columns taken has their rows move on, along the shortest chain of moves that ends at
/// a free column (Kuhn's algorithm).
pub(crate) fn assign(
    rows: usize,
    columns: usize,
    fits: impl Fn(usize, usize) -> bool,
) -> BTreeMap<usize, usize> {
    let mut column_of = BTreeMap::new();
    let mut row_of: BTreeMap<usize, usize> = BTreeMap::new();
    for start in 0..rows {
        // Each column that a chain leads to, and the row that it comes from.
        let mut from = BTreeMap::new();
        let mut chains = VecDeque::from([start]);
        let mut free = None;
        while let (Some(row), None) = (chains.pop_front(), free) {
            for column in 0..columns {
                if from.contains_key(&column) || !fits(row, column) {
                    continue;
                }
                from.insert(column, row);
                let Some(&taken_by) = row_of.get(&column) else {
                    free = Some(column);
                    break;
                };
                chains.push_back(taken_by);
            }
        }
        while let Some(column) = free {
            let Some(&row) = from.get(&column) else {
                break;
            };
            row_of.insert(column, row);
            free = column_of.insert(row, column);
        }
    }
    column_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_moves_on_for_one_that_has_no_other_column() {
        // The first row could have any, the second only what the first took.
        let fits = |row, column| row == 0 || column == 0;
        assert_eq!(assign(2, 3, fits), BTreeMap::from([(0, 1), (1, 0)]));
    }

    #[test]
    fn a_chain_of_moves_is_as_long_as_it_has_to_be() {
        let fits = |row: usize, column: usize| match row {
            4 => column == 0,
            row => column == row || column == row + 1,
        };
        let assigned = assign(5, 5, fits);
        let expected = (0..5).map(|row| (row, (row + 1) % 5)).collect();
        assert_eq!(assigned, expected);
    }

    #[test]
    fn rows_without_a_column_are_left_out() {
        assert_eq!(assign(3, 1, |_, _| true), BTreeMap::from([(0, 0)]));
        assert_eq!(assign(2, 2, |_, _| false), BTreeMap::new());
        assert_eq!(assign(0, 0, |_, _| true), BTreeMap::new());
    }
}
