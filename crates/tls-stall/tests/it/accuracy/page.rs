//! The scoreboard as Markdown.

use std::fmt::Write as _;

use tls_stall::{Cause, Confidence};

use super::NAIVE_CAUSE;
use super::score::{Count, NO_STALL, Score, Yes};

/// The whole of `docs/accuracy.md`.
pub(super) fn page(score: &Score) -> String {
    let mut text = introduction(score);
    by_cause(&mut text, score);
    by_confidence(&mut text, score);
    confusion(&mut text, score);
    naive_rule(&mut text, score);
    text
}

fn introduction(score: &Score) -> String {
    format!(
        "\
# Accuracy

Every capture of [testdata/tls-stall.toml](../testdata/tls-stall.toml) is labelled with what is true
of it, told from how it was made and never from what a tool printed. This page counts the verdicts
of the present build against these labels: {captures} captures, {healthy} of them
without a stall or a failure. None is left out.

    UPDATE_DOCS=1 cargo test -p tls-stall --test it accuracy

writes it anew; without `UPDATE_DOCS` the same test fails where the page is not that of the build.

The captures are also those that tls-stall was made with. So the figures say that it tells these
cases apart and goes on doing so, and not how often it is right on captures that nobody has
labelled.

- **right**: the connection, the phase, who owed the next move, and the cause.
- **silence**: only who was silent was told (`client-idle`, `server-slow`, `server-silent`), where the
  capture shows why.
- **missed**: neither a stall nor a failure was told.
- **wrong**: another cause, phase or party; or a stall where there is none.

Precision is the part of the verdicts with that cause that are right, recall the part of the waits
with that cause that were told right.

",
        captures = score.captures,
        healthy = score.healthy,
    )
}

fn by_cause(text: &mut String, score: &Score) {
    text.push_str(
        "## By cause\n\n\
         | cause | waits | right | silence | missed | wrong | verdicts | precision | recall |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut total = Count::default();
    let mut all_told = 0;
    for cause in Cause::ALL.iter().map(|cause| cause.name()) {
        let count = score.by_cause.get(cause).copied().unwrap_or_default();
        let told = score.told.get(cause).copied().unwrap_or_default();
        text.push_str(&cause_row(&format!("`{cause}`"), count, told));
        total += count;
        all_told += told;
    }
    text.push_str(&cause_row("**all**", total, all_told));
    let alarms = score.by_cause.get(NO_STALL).map_or(0, |count| count.wrong);
    writeln!(
        text,
        "\nOf the {} captures without a stall or a failure, {} are told so. Verdicts about a connection\n\
         that did not stall: {alarms}.\n",
        score.healthy, score.told_healthy
    )
    .unwrap();
}

/// One row of the table of causes: `told` is how often the cause was the verdict.
fn cause_row(name: &str, count: Count, told: usize) -> String {
    let Count {
        due,
        right,
        abstained,
        missed,
        wrong,
    } = count;
    let (precision, recall) = (percent(right, told), percent(right, due));
    format!(
        "| {name} | {due} | {right} | {abstained} | {missed} | {wrong} | {told} | {precision} | \
         {recall} |\n"
    )
}

fn by_confidence(text: &mut String, score: &Score) {
    text.push_str(
        "## By confidence\n\n\
         | confidence | verdicts | right | silence | wrong |\n|---|--:|--:|--:|--:|\n",
    );
    for confidence in Confidence::ALL.iter().rev() {
        let count = score.by_confidence.get(confidence).copied();
        let Count {
            due,
            right,
            abstained,
            wrong,
            ..
        } = count.unwrap_or_default();
        writeln!(
            text,
            "| {confidence} | {due} | {right} | {abstained} | {wrong} |"
        )
        .unwrap();
    }
    text.push('\n');
}

fn confusion(text: &mut String, score: &Score) {
    text.push_str("## What was taken for what\n\n");
    if score.confused.is_empty() {
        text.push_str("Nothing: every verdict is right.\n\n");
        return;
    }
    text.push_str("| true | told | times | captures |\n|---|---|--:|---|\n");
    for ((truth, told), captures) in &score.confused {
        let times = captures.len();
        let captures = captures.join(", ");
        writeln!(text, "| {truth} | {told} | {times} | {captures} |").unwrap();
    }
    text.push('\n');
}

fn naive_rule(text: &mut String, score: &Score) {
    write!(
        text,
        "\
## Beside the naive rule

The rule that anyone would write first: *an unanswered PTR query in the capture is to blame*. It is
given the same lookups that tls-stall finds, copies and late answers already put together, and asked
one question of each capture: does it hold a wait that was spent on `{NAIVE_CAUSE}`?
For tls-stall the answer is yes where that is the verdict on a connection.

| | yes | right | wrong | missed | precision | recall |
|---|--:|--:|--:|--:|--:|--:|
"
    )
    .unwrap();
    row(text, "tls-stall", &score.by_capture);
    row(text, "naive rule", &score.by_naive_rule);
    for (who, answers) in [
        ("tls-stall", &score.by_capture),
        ("The naive rule", &score.by_naive_rule),
    ] {
        if answers.wrong.is_empty() {
            continue;
        }
        writeln!(text, "\n{who} is wrong about these:\n").unwrap();
        text.push_str("| capture | what is true of it |\n|---|---|\n");
        for (path, truth) in &answers.wrong {
            writeln!(text, "| {path} | {truth} |").unwrap();
        }
    }
}

fn row(text: &mut String, who: &str, answers: &Yes) {
    let (due, right, wrong) = (answers.due, answers.right, answers.wrong.len());
    let said = right + wrong;
    let missed = due - right;
    let (precision, recall) = (percent(right, said), percent(right, due));
    writeln!(
        text,
        "| {who} | {said} | {right} | {wrong} | {missed} | {precision} | {recall} |"
    )
    .unwrap();
}

/// Rounded down, so that only all is 100 %.
fn percent(part: usize, whole: usize) -> String {
    match (part * 100).checked_div(whole) {
        Some(percent) => format!("{percent} %"),
        None => "–".to_owned(),
    }
}
