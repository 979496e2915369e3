//! What the server says of how it would find rows, as far as it matters here: which relation each step reads, and by what.
//! Source: PostgreSQL's manual, EXPLAIN, with VERBOSE and FORMAT JSON.

use serde_json::Value;

/// One step of a plan that reads a relation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub schema: String,
    pub relation: String,
    /// What the relation is called in the step's expressions.
    pub alias: String,
    /// What it gives, an expression a column.
    pub output: Vec<String>,
    /// What is asked of each row that was read; empty: nothing.
    pub filter: String,
    pub by: By,
}

/// How a step finds its rows.
#[derive(Clone, Debug)]
pub(super) enum By {
    /// One after the other.
    Whole,
    /// By indexes, each with what is asked of it, which may be nothing.
    Indexes(Vec<(String, String)>),
    /// By another server, which is asked this.
    Server(String),
    /// In a way that only its table knows.
    Other,
}

/// The steps of `plan`, the outermost first.
pub(super) fn steps(plan: &Value) -> Vec<Step> {
    let mut steps = Vec::new();
    gather(top(plan), &mut steps);
    steps
}

/// What a plan gives, an expression a column.
pub(super) fn output(plan: &Value) -> Vec<String> {
    texts(top(plan), "Output")
}

/// Whether a plan puts the rows of several relations together, one after the other: its output is then that of its parts.
pub(super) fn is_appended(plan: &Value) -> bool {
    text(top(plan), "Node Type").ends_with("Append")
}

fn top(plan: &Value) -> &Value {
    &plan[0]["Plan"]
}

fn gather(node: &Value, steps: &mut Vec<Step>) {
    if !node["Relation Name"].is_null() {
        steps.push(Step {
            schema: text(node, "Schema"),
            relation: text(node, "Relation Name"),
            alias: text(node, "Alias"),
            output: texts(node, "Output"),
            filter: text(node, "Filter"),
            by: by(node),
        });
    }
    for part in node["Plans"].as_array().into_iter().flatten() {
        gather(part, steps);
    }
}

fn by(node: &Value) -> By {
    match text(node, "Node Type").as_str() {
        "Seq Scan" | "Sample Scan" => By::Whole,
        "Foreign Scan" => By::Server(text(node, "Remote SQL")),
        "Index Scan" | "Index Only Scan" => By::Indexes(vec![(text(node, "Index Name"), text(node, "Index Cond"))]),
        "Bitmap Heap Scan" => {
            let mut indexes = Vec::new();
            bitmaps(node, &mut indexes);
            By::Indexes(indexes)
        }
        _ => By::Other,
    }
}

fn bitmaps(node: &Value, indexes: &mut Vec<(String, String)>) {
    for part in node["Plans"].as_array().into_iter().flatten() {
        if text(part, "Node Type") == "Bitmap Index Scan" {
            indexes.push((text(part, "Index Name"), text(part, "Index Cond")));
        }
        bitmaps(part, indexes);
    }
}

fn text(node: &Value, key: &str) -> String {
    node[key].as_str().unwrap_or_default().to_owned()
}

fn texts(node: &Value, key: &str) -> Vec<String> {
    let values = node[key].as_array().into_iter().flatten();
    values.map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
}

/// `expression` without the name of its relation: as its table's own indexes have it. Texts stay as they are.
pub(super) fn unqualified(expression: &str, alias: &str) -> String {
    let quoted = format!("\"{}\".", alias.replace('"', "\"\""));
    let plain = format!("{alias}.");
    let (mut own, mut rest, mut before) = (String::new(), expression, ' ');
    while let Some(c) = rest.chars().next() {
        let begins = !before.is_alphanumeric() && !matches!(before, '_' | '.' | '$');
        if let Some(after) =
            [&quoted, &plain].into_iter().filter(|_| begins).find_map(|name| rest.strip_prefix(name.as_str()))
        {
            (rest, before) = (after, '.');
            continue;
        }
        let end = match c {
            '\'' | '"' => rest[1..].find(c).map_or(rest.len(), |at| at + 2),
            c => c.len_utf8(),
        };
        own.push_str(&rest[..end]);
        before = rest[..end].chars().next_back().unwrap_or(c);
        rest = &rest[end..];
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_loses_the_name_of_its_relation_and_nothing_else() {
        for (expression, own) in [
            ("c.status", "status"),
            ("((c.id)::text)", "((id)::text)"),
            ("(c.at AT TIME ZONE 'c.UTC'::text)", "(at AT TIME ZONE 'c.UTC'::text)"),
            ("abc.f(c.\"c.x\", 'it''s c.y')", "abc.f(\"c.x\", 'it''s c.y')"),
            ("(src.c.status)", "(src.c.status)"),
        ] {
            assert_eq!(unqualified(expression, "c"), own);
        }
        assert_eq!(unqualified("\"My claims\".id", "My claims"), "id");
    }
}
