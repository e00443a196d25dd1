//! Several captures at once.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// As many at once as there are processors for.
pub(crate) fn default() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Does `work` on each of `tasks`, `jobs` of them at once, and gives the results to `take` in the
/// order of the tasks, each as soon as those before it are there.
pub(crate) fn in_order<T: Sync, R: Send>(
    tasks: &[T],
    jobs: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R),
) {
    let jobs = jobs.get().min(tasks.len());
    if jobs <= 1 {
        for task in tasks {
            take(task, work(task));
        }
        return;
    }
    let next = AtomicUsize::new(0);
    let (give, results) = mpsc::channel();
    let (next, work) = (&next, &work);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let give = give.clone();
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(number) else {
                        return;
                    };
                    // Who takes the results lives as long as those who give them.
                    let _ = give.send((number, work(task)));
                }
            });
        }
        drop(give);
        let mut early = BTreeMap::new();
        let mut due = 0..tasks.len();
        for (number, result) in results {
            early.insert(number, result);
            while let Some(result) = early.remove(&due.start) {
                if let Some(task) = due.next().and_then(|number| tasks.get(number)) {
                    take(task, result);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_tasks_however_many_work() {
        let tasks: Vec<u64> = (0..40).collect();
        for jobs in [1, 2, 7, 100] {
            let mut taken = Vec::new();
            let work = |&task: &u64| {
                // The earlier ones take longer.
                thread::sleep(Duration::from_micros(500 * (task % 5)));
                task * 2
            };
            let jobs = NonZeroUsize::new(jobs).unwrap();
            in_order(&tasks, jobs, work, |&task, result| {
                taken.push((task, result));
            });
            let expected: Vec<_> = tasks.iter().map(|&task| (task, task * 2)).collect();
            assert_eq!(taken, expected);
        }
    }

    #[test]
    fn nothing_to_do_is_done() {
        let none: [u8; 0] = [];
        let jobs = NonZeroUsize::MIN;
        in_order(&none, jobs, |_| (), |_, ()| panic!("there was no task"));
    }
}
