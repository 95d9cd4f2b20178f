//! What is ordered and what is taken for it: service requests and specimens.

use super::{Family, Of, Row};
use crate::change::Change;

const ORDER: Of = Of { family: Family::Lab, types: &["ServiceRequest"] };
const SPECIMEN: Of = Of { family: Family::Lab, types: &["Specimen"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    ORDER.opens("LabOrderDrafted", |c| c.lab() && c.turned(&["draft"]), "laboratory, or without category; the status becomes draft"),
    ORDER.turns("LabOrderResumed", |c| c.lab() && c.turned(&["active"]) && c.from(&["on-hold"]), "laboratory, or without category; on-hold becomes active"),
    ORDER.opens("LabOrderPlaced", |c| c.lab() && c.turned(&["active"]), "laboratory, or without category; another status becomes active"),
    ORDER.opens("LabOrderHeld", |c| c.lab() && c.turned(&["on-hold"]), "laboratory, or without category; the status becomes on-hold"),
    ORDER.opens("LabOrderCompleted", |c| c.lab() && c.turned(&["completed"]), "laboratory, or without category; the status becomes completed"),
    ORDER.opens("LabOrderRevoked", |c| c.lab() && c.turned(&["revoked"]), "laboratory, or without category; the status becomes revoked").significant(),
    ORDER.opens("ServiceDrafted", |c| !c.lab() && c.turned(&["draft"]), "any other service; the status becomes draft"),
    ORDER.opens("ServiceOrdered", |c| !c.lab() && c.turned(&["active"]), "any other service; the status becomes active"),
    ORDER.opens("ServiceOrderHeld", |c| !c.lab() && c.turned(&["on-hold"]), "any other service; the status becomes on-hold"),
    ORDER.opens("ServiceOrderCompleted", |c| !c.lab() && c.turned(&["completed"]), "any other service; the status becomes completed"),
    ORDER.opens("ServiceOrderRevoked", |c| !c.lab() && c.turned(&["revoked"]), "any other service; the status becomes revoked"),
    ORDER.part("OrderedServiceChanged", &["code", "orderDetail", "quantity[x]"]),
    ORDER.part("OrderPriorityChanged", &["priority"]),
    ORDER.part("OrderScheduleChanged", &["occurrence[x]", "asNeeded[x]"]),
    ORDER.part("OrderSpecimensLinked", &["specimen"]),
    ORDER.part("OrderNoted", &["note"]),

    SPECIMEN.opens("SpecimenRejected", |c| c.turned(&["unsatisfactory"]), "the status becomes unsatisfactory").significant(),
    SPECIMEN.opens("SpecimenUnavailable", |c| c.turned(&["unavailable"]), "the status becomes unavailable"),
    SPECIMEN.opens("SpecimenCollected", collected, "the status becomes available; or the first event has no status and tells of a collection"),
    SPECIMEN.begins("SpecimenAnnounced", |c| c.is.status.is_empty(), "the first event has no status and tells of no collection"),
    SPECIMEN.part("SpecimenReceived", &["receivedTime", "accessionIdentifier"]),
    SPECIMEN.part("SpecimenCollectionRevised", &["collection"]),
    SPECIMEN.part("SpecimenProcessed", &["processing"]),
    SPECIMEN.part("SpecimenContainersChanged", &["container"]),
    SPECIMEN.part("SpecimenConditionNoted", &["condition"]),
];

fn collected(change: &Change<'_>) -> bool {
    change.turned(&["available"])
        || (change.begins() && change.is.status.is_empty() && change.after.contains_key("collection"))
}
