//! What a server did, in its own words: the plans that `auto_explain` writes into its log.

use serde_json::Value;

use crate::postgres::Cluster;

/// What a server is given so that it tells.
pub const TOLD: [&str; 6] = [
    "session_preload_libraries = 'auto_explain'",
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_verbose = on",
    "auto_explain.log_format = json",
    "autovacuum = off",
    // Plans as for tables that are a hundred times as large.
    "seq_page_cost = 100",
];

/// One step of a plan that reads a relation.
#[derive(Debug)]
pub struct Step {
    /// As `Index Only Scan`.
    pub node: String,
    /// With its schema.
    pub relation: String,
    /// What the index is asked.
    pub condition: String,
    /// What another server is asked.
    pub remote: String,
    /// The statement that it is a step of.
    pub statement: String,
}

/// The log up to now, to tell what comes later.
pub struct Since<'a> {
    cluster: &'a Cluster,
    length: usize,
}

impl<'a> Since<'a> {
    pub fn now(cluster: &'a Cluster) -> Self {
        Self { cluster, length: cluster.log().len() }
    }

    /// The steps of all plans since that sessions of this application carried out.
    pub fn steps(&self, application: &str) -> Vec<Step> {
        let log = self.cluster.log();
        let mut lines = log[self.length..].lines().peekable();
        let mut steps = Vec::new();
        let head = format!(" {application} LOG:  duration: ");
        while let Some(line) = lines.next() {
            if !(line.contains(&head) && line.ends_with("plan:")) {
                continue;
            }
            let mut plan = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
                plan.push_str(line.trim_start());
            }
            let plan: Value = serde_json::from_str(&plan).unwrap_or_else(|error| panic!("{error}: {plan}"));
            let statement = plan["Query Text"].as_str().unwrap_or_default();
            // A server that is asked for an estimate carries nothing out.
            if !statement.starts_with("EXPLAIN") {
                add(&plan["Plan"], statement, &mut steps);
            }
        }
        assert!(!steps.is_empty(), "the server tells of no plan of {application}");
        steps
    }
}

fn add(plan: &Value, statement: &str, steps: &mut Vec<Step>) {
    let text = |key: &str| plan[key].as_str().unwrap_or_default().to_owned();
    let children = plan["Plans"].as_array().into_iter().flatten();
    if plan["Relation Name"].is_string() {
        let of_bitmap = children.clone().filter_map(|child| child["Index Cond"].as_str());
        steps.push(Step {
            node: text("Node Type"),
            relation: format!("{}.{}", text("Schema"), text("Relation Name")),
            condition: [text("Index Cond")].iter().map(String::as_str).chain(of_bitmap).collect::<Vec<_>>().join(" "),
            remote: text("Remote SQL"),
            statement: statement.to_owned(),
        });
    }
    children.for_each(|child| add(child, statement, steps));
}
