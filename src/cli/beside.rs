//! Another configuration beside the present one, whose database is looked at: what `diff` and `backtest` compare.

use std::path::Path;

use super::output::remark;
use super::{Context, Failure, load, must_be_there};
use crate::app::{self, App, Schema};
use crate::config::Settings;
use crate::scan::Plan;

/// Both configurations, and the database of the present one.
pub struct Beside {
    /// By the present configuration.
    pub app: App,
    pub new: Settings,
    pub new_plan: Plan,
}

impl Beside {
    /// Reads the configuration `new` and the present one, and says what of `new` is left out.
    pub async fn open(present: Option<&Path>, new: &Path, context: &Context) -> Result<Self, Failure> {
        let present = load(present.or(context.config.as_deref()))?;
        let new = load(Some(new))?;
        new.warnings.iter().for_each(|warning| remark(warning));
        let new_plan = app::plan(&new)?;
        must_be_there(&present.database.url)?;
        let app = App::open(present, context.time.clone(), Schema::Verify).await?;
        let beside = Self { app, new, new_plan };
        beside.remark_what_is_left_out();
        Ok(beside)
    }

    fn remark_what_is_left_out(&self) {
        let (present, new, file) = (&*self.app.settings, &self.new, name(&self.new));
        if new.database.url != present.database.url {
            let (looked_at, other) = (&present.database.url, &new.database.url);
            remark(&format!("{file} names another database, {other}; looked at is {looked_at}"));
        }
        if new.source != present.source {
            let present = name(present);
            remark(&format!("[source] of {file} differs, which is left out: claims are read as {present} says"));
        }
    }
}

/// Where a configuration is from.
pub fn name(settings: &Settings) -> String {
    settings.file.as_deref().map_or("the built-in defaults".into(), |file| file.display().to_string())
}
