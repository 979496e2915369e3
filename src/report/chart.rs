//! Pictures of figures, as SVG that stands in a page.

use plotters::prelude::*;

/// What one column of a chart stands for, and how high its parts are, from the bottom.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub parts: Vec<u64>,
}

/// The size in pixels of the drawing, which a page may scale.
const SIZE: (u32, u32) = (760, 220);
/// So many names of columns have room.
const NAMES: usize = 12;
/// Told apart by their brightness too: met, late, open.
const COLOURS: [RGBColor; 3] = [RGBColor(38, 128, 106), RGBColor(196, 64, 44), RGBColor(176, 184, 196)];
const INK: RGBColor = RGBColor(74, 82, 96);
const LINES: RGBColor = RGBColor(226, 229, 235);

/// Columns beside one another, their parts on top of one another.
///
/// # Errors
/// What the drawing says.
pub(super) fn stacked(columns: &[Column]) -> Result<String, String> {
    let mut svg = String::new();
    draw(&mut svg, columns).map_err(|error| error.to_string())?;
    Ok(svg)
}

fn draw(svg: &mut String, columns: &[Column]) -> Result<(), Box<dyn std::error::Error>> {
    let highest = columns.iter().map(|column| column.parts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    // Such a range has its end.
    let last = columns.len().saturating_sub(1);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(6)
        .x_label_area_size(26)
        .y_label_area_size(48)
        .build_cartesian_2d((0..last).into_segmented(), 0..highest)?;
    let name = |at: &SegmentValue<usize>| match at {
        SegmentValue::CenterOf(place) => columns.get(*place).map(|column| column.name.clone()).unwrap_or_default(),
        SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(LINES)
        .light_line_style(TRANSPARENT)
        .axis_style(LINES)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_labels(NAMES)
        .x_label_formatter(&name)
        .y_labels(4)
        .draw()?;
    for (place, column) in columns.iter().enumerate() {
        let right = if place < last { SegmentValue::Exact(place + 1) } else { SegmentValue::Last };
        let mut below = 0;
        for (part, colour) in column.parts.iter().zip(COLOURS) {
            let corners = [(SegmentValue::Exact(place), below), (right.clone(), below + part)];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(0, 0, 3, 3);
            chart.draw_series(std::iter::once(bar))?;
            below += part;
        }
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the rectangles that are filled with `colour` begin and how wide they are, in pixels.
    fn bars(svg: &str, colour: &str) -> Vec<(u32, u32)> {
        let number = |rect: &str, name: &str| {
            let value = rect.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
            value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}: {rect}"))
        };
        let rects = svg.split("<rect").skip(1).filter(|rect| rect.contains(&format!("fill=\"{colour}\"")));
        rects.map(|rect| (number(rect, "x"), number(rect, "width"))).collect()
    }

    #[test]
    fn columns_of_one_width_fill_the_picture() {
        let column = |name: &str| Column { name: name.to_owned(), parts: vec![3, 1, 0] };
        let svg = stacked(&["2026-01", "2026-02", "2026-03", "2026-04"].map(column)).expect("a picture");
        let met = bars(&svg, "#26806A");
        assert_eq!(met.len(), 4, "{svg}");
        assert!(met.iter().all(|(_, width)| width.abs_diff(met[0].1) <= 1), "{met:?}");
        let (left, width) = met[3];
        assert!(SIZE.0 - (left + width) < 15, "nothing is left empty beside the last: {met:?}");
        assert_eq!(bars(&svg, "#C4402C").len(), 4);
    }
}
