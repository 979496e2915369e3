//! Bars beside one another, as places in a drawing: a template draws them, and a style sheet colours them in light and dark.

use serde::Serialize;

/// What one place of a chart stands for, and how high its bars are.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    /// What is said of it to whoever points at it.
    pub title: String,
    pub bars: Vec<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Chart {
    width: u32,
    height: u32,
    bars: Vec<Bar>,
    lines: Vec<Line>,
    names: Vec<Name>,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    /// Which of a column's bars it is.
    series: usize,
    title: String,
}

/// A line across, at a number.
#[derive(Debug, Serialize)]
struct Line {
    y: f64,
    number: u64,
}

#[derive(Debug, Serialize)]
struct Name {
    x: f64,
    text: String,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 180.0;
/// What is left free: for numbers on the left, for names below, for the topmost number above.
const LEFT: f64 = 56.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 8.0;
/// So many names have room.
const NAMES: usize = 10;

/// The bars of each column side by side.
#[must_use]
pub(super) fn chart(columns: &[Column]) -> Chart {
    let highest = columns.iter().flat_map(|column| column.bars.iter().copied()).max().unwrap_or(0);
    let step = step(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let room = HEIGHT - BELOW - ABOVE;
    #[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
    let y = |number: u64| ABOVE + room - room * number as f64 / top as f64;
    #[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
    let each = (WIDTH - LEFT) / columns.len().max(1) as f64;
    #[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
    let at = |place: usize| LEFT + each * place as f64;
    let mut bars = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
        let wide = each * 0.8 / column.bars.len().max(1) as f64;
        for (series, number) in column.bars.iter().enumerate().filter(|(_, number)| **number > 0) {
            #[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
            let x = at(place) + each * 0.1 + wide * series as f64;
            let (y, title) = (y(*number), column.title.clone());
            // The least one is seen too.
            let height = (HEIGHT - BELOW - y).max(1.0);
            bars.push(Bar {
                x: round(x),
                y: round(HEIGHT - BELOW - height),
                width: round(wide),
                height: round(height),
                series,
                title,
            });
        }
    }
    let every = columns.len().div_ceil(NAMES).max(1);
    let named = columns.iter().enumerate().step_by(every);
    Chart {
        width: WIDTH as u32,
        height: HEIGHT as u32,
        bars,
        lines: (0..=top / step).map(|n| Line { y: round(y(n * step)), number: n * step }).collect(),
        names: named
            .map(|(place, column)| Name { x: round(at(place) + each / 2.0), text: column.name.clone() })
            .collect(),
    }
}

/// A round number of which four at most reach beyond `highest`.
fn step(highest: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5].map(|digit| power.saturating_mul(digit)) {
            if highest <= step.saturating_mul(4) {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bars: &[&[u64]]) -> Chart {
        let columns = bars.iter().map(|bars| Column { name: "x".into(), title: "t".into(), bars: bars.to_vec() });
        chart(&columns.collect::<Vec<_>>())
    }

    #[test]
    fn lines_are_at_round_numbers_and_reach_the_highest_bar() {
        for (highest, last) in
            [(0, 1), (1, 1), (3, 3), (4, 4), (5, 6), (7, 8), (20, 20), (136_000, 150_000), (u64::MAX / 8, u64::MAX)]
        {
            let numbers: Vec<u64> = of(&[&[highest]]).lines.iter().map(|line| line.number).collect();
            assert!(numbers.len() <= 5 && numbers.is_sorted(), "{highest}: {numbers:?}");
            assert!(
                *numbers.last().expect("a line") >= highest && *numbers.last().expect("a line") <= last,
                "{highest}: {numbers:?}"
            );
        }
    }

    #[test]
    fn bars_stand_on_the_ground_inside_the_drawing_and_do_not_overlap() {
        let chart = of(&[&[3, 1], &[0, 100], &[50, 50]]);
        assert_eq!(chart.bars.len(), 5, "nothing has no bar");
        for bar in &chart.bars {
            assert!((bar.y + bar.height - (HEIGHT - BELOW)).abs() < 0.2, "{bar:?}");
            assert!(bar.x >= LEFT && bar.x + bar.width <= WIDTH && bar.y >= 0.0, "{bar:?}");
        }
        assert!(chart.bars.windows(2).all(|two| two[0].x + two[0].width <= two[1].x + 0.2), "{chart:?}");
        assert!(of(&[]).bars.is_empty());
    }
}
