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
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(6)
        .x_label_area_size(26)
        .y_label_area_size(48)
        .build_cartesian_2d((0..columns.len()).into_segmented(), 0..highest)?;
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
        let mut below = 0;
        for (part, colour) in column.parts.iter().zip(COLOURS) {
            let corners = [(SegmentValue::Exact(place), below), (SegmentValue::Exact(place + 1), below + part)];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(0, 0, 3, 3);
            chart.draw_series(std::iter::once(bar))?;
            below += part;
        }
    }
    root.present()?;
    Ok(())
}
