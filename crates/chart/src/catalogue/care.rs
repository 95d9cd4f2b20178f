//! Care that is agreed: plans, teams, goals.

use super::{Family, Of, Row};

const PLAN: Of = Of { family: Family::Clinical, types: &["CarePlan"] };
const TEAM: Of = Of { family: Family::Clinical, types: &["CareTeam"] };
const GOAL: Of = Of { family: Family::Clinical, types: &["Goal"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    PLAN.opens("CarePlanDrafted", |c| c.turned(&["draft"]), "the status becomes draft"),
    PLAN.turns("CarePlanResumed", |c| c.turned(&["active"]) && c.from(&["on-hold"]), "on-hold becomes active"),
    PLAN.opens("CarePlanStarted", |c| c.turned(&["active"]), "any other plan becomes active"),
    PLAN.opens("CarePlanPaused", |c| c.turned(&["on-hold"]), "the status becomes on-hold"),
    PLAN.opens("CarePlanCompleted", |c| c.turned(&["completed"]), "the status becomes completed"),
    PLAN.opens("CarePlanRevoked", |c| c.turned(&["revoked"]), "the status becomes revoked"),
    PLAN.part("CarePlanActivitiesChanged", &["activity"]),
    PLAN.part("CarePlanGoalsChanged", &["goal"]),
    PLAN.part("CarePlanProblemsChanged", &["addresses"]),
    PLAN.part("CarePlanTeamChanged", &["careTeam"]),
    PLAN.part("CarePlanPeriodChanged", &["period"]),

    TEAM.opens("CareTeamProposed", |c| c.turned(&["proposed"]), "the status becomes proposed"),
    TEAM.opens("CareTeamFormed", |c| c.turned(&["active"]), "the status becomes active"),
    TEAM.opens("CareTeamSuspended", |c| c.turned(&["suspended"]), "the status becomes suspended"),
    TEAM.opens("CareTeamDisbanded", |c| c.turned(&["inactive"]), "the status becomes inactive"),
    TEAM.part("CareTeamMembersChanged", &["participant"]),

    GOAL.opens("GoalProposed", |c| c.turned(&["proposed", "planned"]), "the lifecycle status becomes proposed or planned"),
    GOAL.turns("GoalResumed", |c| c.turned(&["active", "accepted"]) && c.from(&["on-hold"]), "on-hold becomes active or accepted"),
    GOAL.opens("GoalSet", |c| c.turned(&["active", "accepted"]) && !c.from(&["active", "accepted"]), "another lifecycle status becomes active or accepted"),
    GOAL.opens("GoalPaused", |c| c.turned(&["on-hold"]), "the lifecycle status becomes on-hold"),
    GOAL.opens("GoalCompleted", |c| c.turned(&["completed"]), "the lifecycle status becomes completed"),
    GOAL.opens("GoalAbandoned", |c| c.turned(&["cancelled", "rejected"]), "the lifecycle status becomes cancelled or rejected"),
    GOAL.part("GoalAchievementChanged", &["achievementStatus", "outcomeCode", "outcomeReference"]),
    GOAL.part("GoalTargetChanged", &["target"]),
];
