//! Given, when, then for every row that a write reaches; a row without a case fails.

use std::collections::BTreeSet;

use anamnesis_json::{Object, parse};
use anamnesis_kernel::StreamName;

use super::{Reach, catalogue};
use crate::{Command, Context, Door, EventRef, NewEvent, State, decide, evolve};

const LAB: &str = "'category':[{'coding':[{'code':'laboratory'}]}]";
const RAD: &str = "'category':[{'coding':[{'code':'RAD'}]}]";
const VITAL: &str = "'category':[{'coding':[{'code':'vital-signs'}]}]";
const IMP: &str = "'class':{'code':'IMP'}";
const EMER: &str = "'class':{'code':'EMER'}";

/// Then (the names, in order), of which type, given (empty: no record), when (put).
#[rustfmt::skip] // A table reads by row.
const CASES: &[(&str, &str, &str, &str)] = &[
    // The patient.
    ("PatientRegistered",                   "Patient", "", "'gender':'female'"),
    ("PatientRegistered",                   "Patient", "", "'deceasedBoolean':false"),
    ("PatientRegisteredDeceased",           "Patient", "", "'deceasedDateTime':'2020'"),
    ("PatientDied",                         "Patient", "'gender':'male'", "'deceasedBoolean':true,'gender':'other'"),
    ("PatientDied",                         "Patient", "'deceasedBoolean':false", "'deceasedDateTime':'2020'"),
    ("PatientDeathRetracted",               "Patient", "'deceasedBoolean':true", "'deceasedBoolean':false"),
    ("PatientDeathRetracted",               "Patient", "'deceasedDateTime':'2020','gender':'male'", "'gender':'male'"),
    ("PatientDeathDetailsRevised",          "Patient", "'deceasedBoolean':true", "'deceasedDateTime':'2020'"),
    ("PatientDeactivated",                  "Patient", "'active':true", "'active':false,'name':[]"),
    ("PatientReactivated",                  "Patient", "'active':false", "'active':true"),
    ("PatientNameChanged",                  "Patient", "'name':[{'family':'A'}]", "'name':[{'family':'B'}]"),
    ("PatientAddressUpdated",               "Patient", "'address':[{'city':'Ghent'}]", "'address':[{'city':'Bruges'}]"),
    ("PatientContactPointsChanged",         "Patient", "'x':1", "'x':1,'telecom':[{'value':'1'}]"),
    ("PatientIdentifiersChanged",           "Patient", "'x':1", "'x':1,'identifier':[{'value':'1'}]"),
    ("PatientGenderChanged",                "Patient", "'gender':'male'", "'gender':'female'"),
    ("PatientBirthDateCorrected",           "Patient", "'birthDate':'1970'", "'birthDate':'1971'"),
    ("PatientBirthDateCorrected",           "Patient", "'birthDate':'1970'", "'birthDate':'1970','_birthDate':{'id':'b'}"),
    ("PatientMaritalStatusChanged",         "Patient", "'x':1", "'x':1,'maritalStatus':{'text':'M'}"),
    ("PatientMultipleBirthRevised",         "Patient", "'multipleBirthBoolean':true", "'multipleBirthInteger':2"),
    ("PatientContactsChanged",              "Patient", "'x':1", "'x':1,'contact':[{}]"),
    ("PatientCommunicationChanged",         "Patient", "'x':1", "'x':1,'communication':[{}]"),
    ("PatientPractitionerChanged",          "Patient", "'x':1", "'x':1,'generalPractitioner':[{}]"),
    ("PatientManagingOrganizationChanged",  "Patient", "'x':1", "'x':1,'managingOrganization':{}"),
    ("PatientLinked",                       "Patient", "'x':1", "'x':1,'link':[{}]"),
    ("PatientPhotoChanged",                 "Patient", "'x':1", "'x':1,'photo':[{}]"),
    ("PatientNameChanged PatientAddressUpdated PatientRevised", "Patient", "'meta':{'tag':[]}", "'language':'nl','address':[],'name':[]"),

    // Visits.
    ("EncounterPlanned",                    "Encounter", "", "'status':'planned'"),
    ("PatientArrived",                      "Encounter", "'status':'planned'", "'status':'arrived'"),
    ("PatientTriaged",                      "Encounter", "'status':'arrived'", "'status':'triaged'"),
    ("EncounterStarted",                    "Encounter", "'status':'triaged'", "'status':'in-progress','period':{}"),
    ("EmergencyCareStarted",                "Encounter", "", "'status':'in-progress',EMER"),
    ("PatientAdmitted",                     "Encounter", "", "'status':'in-progress',IMP"),
    ("PatientAdmitted",                     "Encounter", "'status':'in-progress',EMER", "'status':'in-progress',IMP"),
    ("PatientLeftOnLeave",                  "Encounter", "'status':'in-progress',IMP", "'status':'onleave',IMP"),
    ("PatientReturnedFromLeave",            "Encounter", "'status':'onleave',IMP", "'status':'in-progress',IMP"),
    ("PatientTransferred",                  "Encounter", "'status':'in-progress',IMP", "'status':'in-progress',IMP,'location':[{}]"),
    ("PatientDischarged",                   "Encounter", "'status':'in-progress',IMP", "'status':'finished',IMP,'location':[{}]"),
    ("PatientDischarged",                   "Encounter", "", "'status':'finished',IMP"),
    ("EmergencyCareFinished",               "Encounter", "", "'status':'finished',EMER"),
    ("EncounterFinished",                   "Encounter", "", "'status':'finished','class':{'code':'AMB'}"),
    ("EncounterCancelled",                  "Encounter", "'status':'planned'", "'status':'cancelled'"),
    ("EncounterParticipantsChanged",        "Encounter", "'x':1", "'x':1,'participant':[]"),
    ("EncounterDiagnosesChanged",           "Encounter", "'x':1", "'x':1,'diagnosis':[]"),
    ("EncounterPeriodCorrected",            "Encounter", "'status':'finished'", "'status':'finished','period':{}"),
    ("EncounterReasonChanged",              "Encounter", "'x':1", "'x':1,'reasonCode':[]"),
    ("EncounterClassChanged",               "Encounter", "'x':1", "'x':1,'class':{'code':'AMB'}"),
    ("HospitalizationDetailsChanged",       "Encounter", "'x':1", "'x':1,'hospitalization':{}"),
    ("EncounterRevised",                    "Encounter", "'status':'in-progress'", "'status':'unknown','location':[]"),
    ("EncounterCreated",                    "Encounter", "", "'status':'unknown'"),

    // Problems and allergies.
    ("ConditionRecorded",                   "Condition", "", "CLIN(active),VER(confirmed)"),
    ("ConditionRecordedResolved",           "Condition", "", "CLIN(resolved),VER(confirmed)"),
    ("ConditionRecordedInactive",           "Condition", "", "CLIN(remission)"),
    ("ConditionSuspected",                  "Condition", "", "CLIN(active),VER(provisional)"),
    ("ConditionRefuted",                    "Condition", "CLIN(active),VER(confirmed)", "VER(refuted)"),
    ("ConditionResolved",                   "Condition", "CLIN(active)", "CLIN(resolved),'abatementDateTime':'2020'"),
    ("ConditionWentIntoRemission",          "Condition", "CLIN(active)", "CLIN(remission)"),
    ("ConditionInactivated",                "Condition", "CLIN(active)", "CLIN(inactive)"),
    ("ConditionRelapsed",                   "Condition", "CLIN(remission)", "CLIN(relapse)"),
    ("ConditionRecurred",                   "Condition", "CLIN(resolved)", "CLIN(recurrence)"),
    ("ConditionReactivated",                "Condition", "CLIN(resolved)", "CLIN(active)"),
    ("ConditionConfirmed",                  "Condition", "CLIN(active),VER(provisional)", "CLIN(active),VER(confirmed)"),
    ("ConditionDoubted",                    "Condition", "CLIN(active),VER(confirmed)", "CLIN(active),VER(differential)"),
    ("ConditionDiagnosisRevised",           "Condition", "'code':{'text':'a'}", "'code':{'text':'b'}"),
    ("ConditionSeverityChanged",            "Condition", "'x':1", "'x':1,'severity':{}"),
    ("ConditionOnsetRevised",               "Condition", "'onsetString':'a'", "'onsetDateTime':'2020'"),
    ("ConditionAbatementRevised",           "Condition", "'x':1", "'x':1,'abatementDateTime':'2020'"),
    ("ConditionBodySiteChanged",            "Condition", "'x':1", "'x':1,'bodySite':[]"),
    ("ConditionCategoryChanged",            "Condition", "'x':1", "'x':1,'category':[]"),
    ("ConditionEvidenceChanged",            "Condition", "'x':1", "'x':1,'evidence':[]"),
    ("ConditionNoted",                      "Condition", "'x':1", "'x':1,'note':[]"),
    ("AllergyRecorded",                     "AllergyIntolerance", "", "CLIN(active)"),
    ("AllergyRecordedResolved",             "AllergyIntolerance", "", "CLIN(resolved)"),
    ("AllergySuspected",                    "AllergyIntolerance", "", "CLIN(active),VER(unconfirmed)"),
    ("AllergyRefuted",                      "AllergyIntolerance", "CLIN(active)", "VER(refuted)"),
    ("AllergyResolved",                     "AllergyIntolerance", "CLIN(active)", "CLIN(resolved)"),
    ("AllergyInactivated",                  "AllergyIntolerance", "CLIN(active)", "CLIN(inactive)"),
    ("AllergyReactivated",                  "AllergyIntolerance", "CLIN(resolved)", "CLIN(active)"),
    ("AllergyConfirmed",                    "AllergyIntolerance", "VER(unconfirmed)", "VER(confirmed)"),
    ("AllergyDoubted",                      "AllergyIntolerance", "VER(confirmed)", "VER(unconfirmed)"),
    ("AllergySubstanceRevised",             "AllergyIntolerance", "'x':1", "'x':1,'code':{}"),
    ("AllergyCriticalityChanged",           "AllergyIntolerance", "'criticality':'low'", "'criticality':'high'"),
    ("AllergyReactionsChanged",             "AllergyIntolerance", "'x':1", "'x':1,'reaction':[]"),
    ("AllergyOnsetRevised",                 "AllergyIntolerance", "'x':1", "'x':1,'onsetString':'a'"),
    ("AllergyNoted",                        "AllergyIntolerance", "'x':1", "'x':1,'note':[]"),

    // Medication.
    ("MedicationProposed",                  "MedicationRequest", "", "'status':'active','intent':'plan'"),
    ("MedicationOrderDrafted",              "MedicationRequest", "", "'status':'draft'"),
    ("MedicationPrescribed",                "MedicationRequest", "", "'status':'active','intent':'order'"),
    ("MedicationPrescribed",                "MedicationRequest", "'status':'draft'", "'status':'active'"),
    ("MedicationHeld",                      "MedicationRequest", "'status':'active'", "'status':'on-hold'"),
    ("MedicationResumed",                   "MedicationRequest", "'status':'on-hold'", "'status':'active'"),
    ("MedicationStopped",                   "MedicationRequest", "'status':'active'", "'status':'stopped'"),
    ("MedicationStopped",                   "MedicationRequest", "", "'status':'stopped'"),
    ("PrescriptionCompleted",               "MedicationRequest", "'status':'active'", "'status':'completed'"),
    ("PrescriptionCancelled",               "MedicationRequest", "'status':'active'", "'status':'cancelled'"),
    ("PrescribedMedicationChanged",         "MedicationRequest", "'medicationReference':{}", "'medicationCodeableConcept':{}"),
    ("MedicationDosageChanged",             "MedicationRequest", "'x':1", "'x':1,'dosageInstruction':[]"),
    ("PrescriptionSupplyChanged",           "MedicationRequest", "'x':1", "'x':1,'dispenseRequest':{}"),
    ("PrescriptionNoted",                   "MedicationRequest", "'x':1", "'x':1,'note':[]"),
    ("MedicationUseReported",               "MedicationStatement", "", "'status':'active'"),
    ("MedicationUseHeld",                   "MedicationStatement", "'status':'active'", "'status':'on-hold'"),
    ("MedicationUseStopped",                "MedicationStatement", "'status':'active'", "'status':'stopped'"),
    ("MedicationNotTaken",                  "MedicationStatement", "", "'status':'not-taken'"),
    ("MedicationUseCompleted",              "MedicationStatement", "'status':'active'", "'status':'completed'"),
    ("MedicationUseDosageChanged",          "MedicationStatement", "'x':1", "'x':1,'dosage':[]"),
    ("MedicationUsePeriodChanged",          "MedicationStatement", "'x':1", "'x':1,'effectivePeriod':{}"),
    ("MedicationAdministrationStarted",     "MedicationAdministration", "", "'status':'in-progress'"),
    ("MedicationAdministrationHeld",        "MedicationAdministration", "'status':'in-progress'", "'status':'on-hold'"),
    ("MedicationAdministered",              "MedicationAdministration", "", "'status':'completed'"),
    ("MedicationAdministrationStopped",     "MedicationAdministration", "'status':'in-progress'", "'status':'stopped'"),
    ("MedicationNotGiven",                  "MedicationAdministration", "", "'status':'not-done'"),
    ("AdministeredDoseCorrected",           "MedicationAdministration", "'x':1", "'x':1,'dosage':{}"),
    ("MedicationDispensePrepared",          "MedicationDispense", "", "'status':'preparation'"),
    ("MedicationDispenseHeld",              "MedicationDispense", "'status':'preparation'", "'status':'on-hold'"),
    ("MedicationDispensed",                 "MedicationDispense", "", "'status':'completed'"),
    ("MedicationDispenseDeclined",          "MedicationDispense", "", "'status':'declined'"),
    ("MedicationDispenseCancelled",         "MedicationDispense", "'status':'preparation'", "'status':'cancelled'"),
    ("DispensedQuantityCorrected",          "MedicationDispense", "'x':1", "'x':1,'quantity':{}"),

    // What was done.
    ("ProcedurePlanned",                    "Procedure", "", "'status':'preparation'"),
    ("ProcedureStarted",                    "Procedure", "'status':'preparation'", "'status':'in-progress'"),
    ("ProcedureSuspended",                  "Procedure", "'status':'in-progress'", "'status':'on-hold'"),
    ("ProcedurePerformed",                  "Procedure", "", "'status':'completed'"),
    ("ProcedureStopped",                    "Procedure", "'status':'in-progress'", "'status':'stopped'"),
    ("ProcedureNotDone",                    "Procedure", "", "'status':'not-done'"),
    ("ProcedureOutcomeRecorded",            "Procedure", "'x':1", "'x':1,'outcome':{}"),
    ("ProcedureReportsAttached",            "Procedure", "'x':1", "'x':1,'report':[]"),
    ("ProcedurePerformersChanged",          "Procedure", "'x':1", "'x':1,'performer':[]"),
    ("ProcedureTimesCorrected",             "Procedure", "'x':1", "'x':1,'performedString':'a'"),
    ("ProcedureFollowUpChanged",            "Procedure", "'x':1", "'x':1,'followUp':[]"),
    ("ProcedureNoted",                      "Procedure", "'x':1", "'x':1,'note':[]"),
    ("VaccineGiven",                        "Immunization", "", "'status':'completed'"),
    ("VaccineNotGiven",                     "Immunization", "", "'status':'not-done'"),
    ("VaccineDetailsCorrected",             "Immunization", "'lotNumber':'1'", "'lotNumber':'2'"),
    ("VaccineReactionRecorded",             "Immunization", "'x':1", "'x':1,'reaction':[]"),
    ("VaccineProtocolChanged",              "Immunization", "'x':1", "'x':1,'protocolApplied':[]"),

    // Observations outside the laboratory.
    ("VitalSignsRecorded",                  "Observation", "", "'status':'final',VITAL"),
    ("SurveyRecorded",                      "Observation", "", "'status':'final',CAT(survey)"),
    ("SocialHistoryRecorded",               "Observation", "", "'status':'final',CAT(social-history)"),
    ("ExaminationFindingRecorded",          "Observation", "", "'status':'final',CAT(exam)"),
    ("ImagingFindingRecorded",              "Observation", "", "'status':'final',CAT(imaging)"),
    ("ProcedureFindingRecorded",            "Observation", "", "'status':'final',CAT(procedure)"),
    ("TherapyObservationRecorded",          "Observation", "", "'status':'final',CAT(therapy)"),
    ("ActivityRecorded",                    "Observation", "", "'status':'amended',CAT(activity)"),
    ("ObservationRecorded",                 "Observation", "", "'status':'final'"),
    ("ObservationRegistered",               "Observation", "", "'status':'registered',VITAL"),
    ("ObservationReportedPreliminary",      "Observation", "'status':'registered'", "'status':'preliminary'"),
    ("ObservationFinalized",                "Observation", "'status':'preliminary'", "'status':'final','valueString':'a'"),
    ("ObservationAmended",                  "Observation", "'status':'final'", "'status':'amended'"),
    ("ObservationCorrected",                "Observation", "'status':'final','valueString':'a'", "'status':'corrected','valueString':'b'"),
    ("ObservationCancelled",                "Observation", "'status':'registered'", "'status':'cancelled'"),
    ("ObservationValueChanged",             "Observation", "'status':'final','valueString':'a'", "'status':'final','valueString':'b'"),
    ("ObservationInterpretationChanged",    "Observation", "'x':1", "'x':1,'interpretation':[]"),
    ("ObservationTimesCorrected",           "Observation", "'x':1", "'x':1,'effectiveDateTime':'2020'"),
    ("ObservationNoted",                    "Observation", "'x':1", "'x':1,'note':[]"),

    // Care.
    ("CarePlanDrafted",                     "CarePlan", "", "'status':'draft'"),
    ("CarePlanStarted",                     "CarePlan", "'status':'draft'", "'status':'active'"),
    ("CarePlanPaused",                      "CarePlan", "'status':'active'", "'status':'on-hold'"),
    ("CarePlanResumed",                     "CarePlan", "'status':'on-hold'", "'status':'active'"),
    ("CarePlanCompleted",                   "CarePlan", "", "'status':'completed'"),
    ("CarePlanRevoked",                     "CarePlan", "'status':'active'", "'status':'revoked'"),
    ("CarePlanActivitiesChanged",           "CarePlan", "'x':1", "'x':1,'activity':[]"),
    ("CarePlanGoalsChanged",                "CarePlan", "'x':1", "'x':1,'goal':[]"),
    ("CarePlanProblemsChanged",             "CarePlan", "'x':1", "'x':1,'addresses':[]"),
    ("CarePlanTeamChanged",                 "CarePlan", "'x':1", "'x':1,'careTeam':[]"),
    ("CarePlanPeriodChanged",               "CarePlan", "'x':1", "'x':1,'period':{}"),
    ("CareTeamProposed",                    "CareTeam", "", "'status':'proposed'"),
    ("CareTeamFormed",                      "CareTeam", "'status':'proposed'", "'status':'active'"),
    ("CareTeamSuspended",                   "CareTeam", "'status':'active'", "'status':'suspended'"),
    ("CareTeamDisbanded",                   "CareTeam", "", "'status':'inactive'"),
    ("CareTeamMembersChanged",              "CareTeam", "'x':1", "'x':1,'participant':[]"),
    ("GoalProposed",                        "Goal", "", "'lifecycleStatus':'proposed'"),
    ("GoalSet",                             "Goal", "", "'lifecycleStatus':'accepted'"),
    ("GoalPaused",                          "Goal", "'lifecycleStatus':'active'", "'lifecycleStatus':'on-hold'"),
    ("GoalResumed",                         "Goal", "'lifecycleStatus':'on-hold'", "'lifecycleStatus':'active'"),
    ("GoalCompleted",                       "Goal", "'lifecycleStatus':'active'", "'lifecycleStatus':'completed'"),
    ("GoalAbandoned",                       "Goal", "'lifecycleStatus':'active'", "'lifecycleStatus':'cancelled'"),
    ("GoalAchievementChanged",              "Goal", "'x':1", "'x':1,'achievementStatus':{}"),
    ("GoalTargetChanged",                   "Goal", "'x':1", "'x':1,'target':[]"),

    // Documents and the like.
    ("DocumentFiled",                       "DocumentReference", "", "'status':'current'"),
    ("DocumentSuperseded",                  "DocumentReference", "'status':'current'", "'status':'superseded'"),
    ("DocumentContentReplaced",             "DocumentReference", "'x':1", "'x':1,'content':[]"),
    ("DocumentReclassified",                "DocumentReference", "'x':1", "'x':1,'type':{}"),
    ("ImagingStudyRegistered",              "ImagingStudy", "", "'status':'registered'"),
    ("ImagingStudyAvailable",               "ImagingStudy", "'status':'registered'", "'status':'available'"),
    ("ImagingStudyCancelled",               "ImagingStudy", "'status':'registered'", "'status':'cancelled'"),
    ("ImagingSeriesChanged",                "ImagingStudy", "'x':1", "'x':1,'series':[]"),
    ("FamilyHistoryRecorded",               "FamilyMemberHistory", "", "'status':'completed'"),
    ("FamilyHistoryConditionsChanged",      "FamilyMemberHistory", "'x':1", "'x':1,'condition':[]"),
    ("QuestionnaireStarted",                "QuestionnaireResponse", "", "'status':'in-progress'"),
    ("QuestionnaireAnswered",               "QuestionnaireResponse", "'status':'in-progress'", "'status':'completed'"),
    ("QuestionnaireAmended",                "QuestionnaireResponse", "'status':'completed'", "'status':'amended'"),
    ("ProvenanceRecorded",                  "Provenance", "", "'recorded':'2020'"),
    ("SuppliesSent",                        "SupplyDelivery", "", "'status':'in-progress'"),
    ("SuppliesDelivered",                   "SupplyDelivery", "'status':'in-progress'", "'status':'completed'"),
    ("SuppliesAbandoned",                   "SupplyDelivery", "'status':'in-progress'", "'status':'abandoned'"),

    // The laboratory: orders and specimens.
    ("LabOrderDrafted",                     "ServiceRequest", "", "'status':'draft'"),
    ("LabOrderPlaced",                      "ServiceRequest", "", "'status':'active',LAB"),
    ("LabOrderHeld",                        "ServiceRequest", "'status':'active'", "'status':'on-hold'"),
    ("LabOrderResumed",                     "ServiceRequest", "'status':'on-hold'", "'status':'active'"),
    ("LabOrderCompleted",                   "ServiceRequest", "'status':'active'", "'status':'completed'"),
    ("LabOrderRevoked",                     "ServiceRequest", "'status':'active'", "'status':'revoked'"),
    ("ServiceDrafted",                      "ServiceRequest", "", "'status':'draft',RAD"),
    ("ServiceOrdered",                      "ServiceRequest", "'status':'draft',RAD", "'status':'active',RAD"),
    ("ServiceOrderHeld",                    "ServiceRequest", "'status':'active',RAD", "'status':'on-hold',RAD"),
    ("ServiceOrderCompleted",               "ServiceRequest", "'status':'active',RAD", "'status':'completed',RAD"),
    ("ServiceOrderRevoked",                 "ServiceRequest", "'status':'active',RAD", "'status':'revoked',RAD"),
    ("OrderedServiceChanged",               "ServiceRequest", "'x':1", "'x':1,'code':{}"),
    ("OrderPriorityChanged",                "ServiceRequest", "'x':1", "'x':1,'priority':'stat'"),
    ("OrderScheduleChanged",                "ServiceRequest", "'x':1", "'x':1,'occurrenceDateTime':'2020'"),
    ("OrderSpecimensLinked",                "ServiceRequest", "'x':1", "'x':1,'specimen':[]"),
    ("OrderNoted",                          "ServiceRequest", "'x':1", "'x':1,'note':[]"),
    ("SpecimenCollected",                   "Specimen", "", "'status':'available'"),
    ("SpecimenCollected",                   "Specimen", "", "'collection':{}"),
    ("SpecimenAnnounced",                   "Specimen", "", "'type':{}"),
    ("SpecimenRejected",                    "Specimen", "'status':'available'", "'status':'unsatisfactory'"),
    ("SpecimenUnavailable",                 "Specimen", "'status':'available'", "'status':'unavailable'"),
    ("SpecimenReceived",                    "Specimen", "'x':1", "'x':1,'receivedTime':'2020'"),
    ("SpecimenCollectionRevised",           "Specimen", "'x':1", "'x':1,'collection':{}"),
    ("SpecimenProcessed",                   "Specimen", "'x':1", "'x':1,'processing':[]"),
    ("SpecimenContainersChanged",           "Specimen", "'x':1", "'x':1,'container':[]"),
    ("SpecimenConditionNoted",              "Specimen", "'x':1", "'x':1,'condition':[]"),

    // The laboratory: results.
    ("LabResultRegistered",                 "Observation", "", "'status':'registered',LAB"),
    ("LabResultReported",                   "Observation", "'status':'registered',LAB", "'status':'preliminary',LAB,'valueString':'a'"),
    ("LabResultFinalized",                  "Observation", "'status':'preliminary',LAB,'valueString':'a'", "'status':'final',LAB,'valueString':'b'"),
    ("LabResultFinalized",                  "Observation", "", "'status':'final',LAB"),
    ("LabResultRecordedCorrected",          "Observation", "", "'status':'corrected',LAB"),
    ("LabResultRecordedAmended",            "Observation", "", "'status':'amended',LAB"),
    ("LabResultAmended",                    "Observation", "'status':'final',LAB", "'status':'amended',LAB,'note':[]"),
    ("LabResultCorrected",                  "Observation", "'status':'final',LAB,'valueString':'a'", "'status':'final',LAB,'valueString':'b','note':[]"),
    ("LabResultCorrected",                  "Observation", "'status':'final',LAB,'valueString':'a'", "'status':'amended',LAB,'valueString':'b'"),
    ("LabResultCorrected",                  "Observation", "'status':'corrected',LAB,'valueString':'a'", "'status':'final',LAB,'valueString':'b'"),
    ("LabResultCorrected",                  "Observation", "'status':'amended',LAB,'component':[]", "'status':'unknown',LAB"),
    ("LabResultCorrected",                  "Observation", "'status':'final',LAB", "'status':'corrected',LAB"),
    ("LabResultCorrected",                  "Observation", "'status':'final',LAB,'valueString':'a'", "'status':'final',VITAL,'valueString':'b'"),
    ("LabResultCancelled",                  "Observation", "'status':'preliminary',LAB", "'status':'cancelled',LAB"),
    ("LabResultValueUpdated",               "Observation", "'status':'preliminary',LAB,'valueString':'a'", "'status':'preliminary',LAB,'valueQuantity':{}"),
    ("LabResultInterpretationChanged",      "Observation", "'status':'final',LAB", "'status':'final',LAB,'interpretation':[]"),
    ("LabResultTimesCorrected",             "Observation", "'status':'final',LAB", "'status':'final',LAB,'issued':'2020'"),
    ("LabResultSpecimenLinked",             "Observation", "'status':'final',LAB", "'status':'final',LAB,'specimen':{}"),
    ("LabResultNoted",                      "Observation", "'status':'final',LAB", "'status':'final',LAB,'note':[]"),

    // Reports.
    ("LabReportRegistered",                 "DiagnosticReport", "", "'status':'registered'"),
    ("LabReportPartiallyIssued",            "DiagnosticReport", "'status':'registered',LAB", "'status':'partial',LAB,'result':[]"),
    ("LabReportIssuedPreliminary",          "DiagnosticReport", "'status':'partial',LAB", "'status':'preliminary',LAB"),
    ("LabReportFinalized",                  "DiagnosticReport", "'status':'partial',LAB", "'status':'final',LAB"),
    ("LabReportRecordedCorrected",          "DiagnosticReport", "", "'status':'corrected'"),
    ("LabReportRecordedAmended",            "DiagnosticReport", "", "'status':'appended'"),
    ("LabReportAmended",                    "DiagnosticReport", "'status':'final'", "'status':'amended'"),
    ("LabReportAppended",                   "DiagnosticReport", "'status':'final'", "'status':'appended'"),
    ("LabReportCancelled",                  "DiagnosticReport", "'status':'registered'", "'status':'cancelled'"),
    ("LabResultCorrected",                  "DiagnosticReport", "'status':'final','conclusion':'a'", "'status':'final','conclusion':'b'"),
    ("DiagnosticReportDrafted",             "DiagnosticReport", "", "'status':'preliminary',RAD"),
    ("DiagnosticReportFinalized",           "DiagnosticReport", "", "'status':'final',RAD"),
    ("DiagnosticReportRecordedCorrected",   "DiagnosticReport", "", "'status':'amended',RAD"),
    ("DiagnosticReportAmended",             "DiagnosticReport", "'status':'final',RAD", "'status':'amended',RAD"),
    ("DiagnosticReportCorrected",           "DiagnosticReport", "'status':'final',RAD", "'status':'final',RAD,'conclusion':'b'"),
    ("DiagnosticReportCancelled",           "DiagnosticReport", "'status':'partial',RAD", "'status':'cancelled',RAD"),
    ("ReportContentUpdated",                "DiagnosticReport", "'status':'partial'", "'status':'partial','result':[]"),
    ("ReportSpecimensLinked",               "DiagnosticReport", "'x':1", "'x':1,'specimen':[]"),
    ("ReportImagesLinked",                  "DiagnosticReport", "'x':1", "'x':1,'imagingStudy':[]"),
    ("ReportTimesCorrected",                "DiagnosticReport", "'x':1", "'x':1,'issued':'2020'"),

    // Any record.
    ("RecordEnteredInError",                "Condition", "CLIN(active)", "VER(entered-in-error)"),
    ("RecordEnteredInError",                "Observation", "'status':'final',LAB,'valueString':'a'", "'status':'entered-in-error',LAB"),
    ("RecordEnteredInError",                "Account", "", "'status':'entered-in-error'"),
    ("RecordMovedToRightPatient",           "Condition", "OF(p1),'note':[]", "OF(p2),CLIN(resolved)"),
    ("RecordMovedToRightPatient",           "Basic", "'x':1", "'x':1,OF(p2)"),
    ("RecordDetachedFromPatient",           "Claim", "'patient':{'reference':'Patient/p1'}", "'x':1"),
    ("ClaimCreated",                        "Claim", "", "'status':'active'"),
    ("ClaimRevised",                        "Claim", "'status':'active'", "'status':'cancelled','x':1"),
    ("",                                    "Claim", "'a':{'x':1,'y':2}", "'a':{'y':2,'x':1}"),
];

fn elements(text: &str) -> Object {
    let concept = |text: String, mark: &str, key: &str, list: bool| {
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(mark) {
            let (code, after) = after.split_once(')').unwrap();
            let concept = format!("{{'coding':[{{'code':'{code}'}}]}}");
            let value = if list { format!("[{concept}]") } else { concept };
            out = format!("{out}{before}'{key}':{value}");
            rest = after;
        }
        out + rest
    };
    let text = text.replace("LAB", LAB).replace("RAD", RAD).replace("VITAL", VITAL);
    let text = text.replace("IMP", IMP).replace("EMER", EMER);
    let text = text.replace("OF(p1)", "'subject':{'reference':'Patient/p1'}");
    let text = text.replace("OF(p2)", "'subject':{'reference':'Patient/p2'}");
    let text = concept(text, "CLIN(", "clinicalStatus", false);
    let text = concept(text, "VER(", "verificationStatus", false);
    let text = concept(text, "CAT(", "category", true);
    let text = format!("{{{}}}", text.replace('\'', "\""));
    parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}")).as_object().unwrap().clone()
}

fn put(kind: &str, given: &str, when: &str) -> (Option<Object>, Object, Vec<NewEvent>) {
    let stream: StreamName = format!("{kind}/x").parse().unwrap();
    let given = (!given.is_empty()).then(|| elements(given));
    let state = State { version: u64::from(given.is_some()), elements: given.clone() };
    let context = Context { stream: &stream, reason: None, door: Door::Fhir };
    let after = elements(when);
    let events =
        decide(&state, &context, Command::Put(after.clone())).unwrap_or_else(|r| panic!("{kind} {r:?}"));
    (given, after, events)
}

#[test]
fn writes_are_named() {
    for (then, kind, given, when) in CASES {
        let (before, after, events) = put(kind, given, when);
        let names: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(names.join(" "), *then, "{kind}: {given} -> {when}");
        let whole = before.is_none() || then.starts_with("RecordMoved") || then.starts_with("RecordDetached");
        assert!(events.iter().all(|event| event.whole == whole), "{then}");
        let folded = events.iter().fold(before, |state, event| {
            evolve(state, &EventRef { kind: &event.kind, whole: event.whole, data: &event.data })
        });
        assert!(folded.is_some_and(|folded| folded.same(&after)), "{then}");
    }
}

#[test]
fn every_row_that_a_write_reaches_has_a_case() {
    let reached: BTreeSet<&str> = CASES.iter().flat_map(|(then, ..)| then.split(' ')).collect();
    let rows = || catalogue().iter().filter(|row| row.reach == Reach::Write);
    let without: Vec<&str> = rows().map(|row| row.kind).filter(|kind| !reached.contains(kind)).collect();
    assert!(without.is_empty(), "{without:?}");
    assert!(rows().count() >= 65);
}

#[test]
fn what_a_part_carries_is_what_changed() {
    let (_, _, events) =
        put("Patient", "'meta':{'tag':[]},'gender':'male'", "'language':'nl','name':[],'gender':'male'");
    let data: Vec<String> = events.iter().map(|e| String::from_utf8(e.data.to_text()).unwrap()).collect();
    assert_eq!(data, [r#"{"name":[]}"#, r#"{"language":"nl","meta":null}"#]);
}
