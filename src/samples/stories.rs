//! What happened to each sample claim; partners, programs and entities are invented.

use super::start::Stand;
use super::start::Stand::{AtRisk, Late, OnTime};

/// A program of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleProgram {
    /// Needs no tax invoice.
    Plain,
    /// Needs one before it pays.
    TaxInvoice,
    /// Names a calendar of its own.
    Other,
}

impl SampleProgram {
    pub const ALL: [Self; 3] = [Self::Plain, Self::TaxInvoice, Self::Other];

    pub fn id(self) -> &'static str {
        match self {
            Self::Plain => "DEVICE-RETAIL",
            Self::TaxInvoice => "CLOUD-GROWTH",
            Self::Other => "MIDDLE-EAST",
        }
    }
}

/// One claim's story.
#[derive(Debug)]
pub struct Sample {
    pub id: &'static str,
    pub program: SampleProgram,
    pub partner: &'static str,
    pub title: &'static str,
    pub amount: &'static str,
    pub currency: &'static str,
    pub story: Story,
}

/// Where a claim stands and how it came there.
#[derive(Clone, Copy, Debug)]
pub enum Story {
    Editing,
    Submitted(Stand),
    UnderReview(Stand),
    /// Answered once (with a note), now submitted again; its old columns are left over.
    Resubmitted(Stand, &'static str),
    ActionRequired(&'static str),
    /// With the reason.
    Rejected(&'static str),
    /// After a rejection with that reason.
    Disputed(Stand, &'static str),
    /// The same, but nobody noted when.
    DisputedWithoutDate(&'static str),
    /// After a dispute of a rejection with that reason, with a note.
    PartnerActionRequired(&'static str, &'static str),
    AwaitingTaxInvoice,
    /// To be paid by these lines, or as a whole if there are none.
    Approved(Stand, &'static [Line]),
    Paid(&'static [Line]),
}

/// What one entity pays.
#[derive(Debug)]
pub struct Line {
    pub entity: &'static str,
    pub amount: &'static str,
    pub currency: &'static str,
    pub paid: Paid,
}

/// Whether a line is paid.
#[derive(Clone, Copy, Debug)]
pub enum Paid {
    No,
    Yes,
    /// Before the claim was approved: what an earlier round left, and no payment of this one.
    InAnEarlierRound,
}

impl Sample {
    /// Its payment lines.
    pub fn lines(&self) -> &'static [Line] {
        match self.story {
            Story::Approved(_, lines) | Story::Paid(lines) => lines,
            _ => &[],
        }
    }
}

const IRELAND: &str = "Incentives Ireland Ltd";
const AMERICA: &str = "Incentives America LLC";
const JAPAN: &str = "Incentives Japan KK";

const fn line(entity: &'static str, amount: &'static str, currency: &'static str, paid: Paid) -> Line {
    Line { entity, amount, currency, paid }
}

const NO_PROOF: &str = "Proof of execution is missing: the photographs show another campaign";
const LATE_FILED: &str = "Filed 12 days after the end of the claim period";
const WRONG_LOGO: &str = "The logo in the advertisement is not the one that was approved in advance";
const NO_INVOICE: &str = "The third party's invoice shows no VAT number";

macro_rules! stories {
    ($($id:literal $program:ident $partner:literal $title:literal $amount:literal $currency:literal $story:expr;)*) => {
        /// Every sample claim.
        pub const STORIES: &[Sample] = &[$(Sample {
            id: $id,
            program: SampleProgram::$program,
            partner: $partner,
            title: $title,
            amount: $amount,
            currency: $currency,
            story: $story,
        }),*];
    };
}

use Story::{
    ActionRequired, Approved, AwaitingTaxInvoice, Disputed, DisputedWithoutDate, Editing, PartnerActionRequired,
    Rejected, Resubmitted, Submitted, UnderReview,
};

stories! {
    "C-1001" Plain "Alder & Finch Retail" "Spring window displays, 12 shops" "18400.00" "EUR" Submitted(Late(3));
    "C-1002" Plain "Brightwater IT" "Search campaign, first quarter" "7250.50" "EUR" UnderReview(Late(0));
    "C-1003" Plain "Cobalt Systems" "Demonstration corner, flagship shop" "31999.99" "USD" UnderReview(Late(8));
    "C-1004" TaxInvoice "Durand Informatique" "Migration workshops, 6 days" "9600.00" "EUR" Submitted(Late(1));
    "C-1005" Other "Emek Digital" "Webinar series on device security" "4100.00" "USD" UnderReview(Late(2));
    "C-1006" Plain "Fjord Data" "Printed catalogue, 40 000 copies" "12850.75" "EUR" Submitted(AtRisk(0));
    "C-1007" TaxInvoice "Größmann Computer" "Partner day in Köln" "22310.00" "EUR" UnderReview(AtRisk(0));
    "C-1008" Other "Hermon Trading" "Radio spots, two weeks" "3890.00" "USD" Submitted(AtRisk(0));
    "C-1009" Plain "Ibis Networks" "Social media, back to school" "5400.00" "GBP" Submitted(OnTime(0));
    "C-1010" TaxInvoice "Jardim Sistemas" "Sales training, 25 people" "8125.00" "EUR" UnderReview(OnTime(0));
    "C-1011" Other "Karmel Stores" "Shelf signs, 30 shops" "2960.40" "USD" Submitted(OnTime(0));
    "C-1012" Plain "Łódzkie Komputery" "Trade fair stand, 18 m²" "15000.00" "EUR"
        Resubmitted(Late(0), "Action required: attach the fair's invoice");
    "C-1013" TaxInvoice "Meridian Cloud" "Customer seminars, three cities" "11240.00" "EUR"
        Resubmitted(OnTime(0), "Action required: state the number of attendees");

    "C-1014" Plain "Nordlys Handel" "Outdoor posters, 60 sites" "27600.00" "EUR" Disputed(Late(2), NO_PROOF);
    "C-1015" TaxInvoice "Oakhurst Solutions" "Telephone campaign, 900 calls" "6300.00" "EUR"
        Disputed(Late(0), LATE_FILED);
    "C-1016" Other "Petra Systems" "Launch evening, 120 guests" "14775.00" "USD" Disputed(Late(5), WRONG_LOGO);
    "C-1017" Plain "Quintana Retail" "Newspaper insert, two Sundays" "9990.00" "EUR" Disputed(AtRisk(0), WRONG_LOGO);
    "C-1018" TaxInvoice "Rowan & Blake" "Proof of concept for five customers" "20000.00" "EUR"
        Disputed(AtRisk(0), NO_INVOICE);
    "C-1019" Plain "Sakura 電器" "In-shop video, 45 screens" "1450000" "JPY" Disputed(OnTime(0), NO_PROOF);
    "C-1020" Other "Tamar Retail" "Loyalty mailing, 15 000 letters" "5210.00" "USD" Disputed(OnTime(1), LATE_FILED);
    "C-1021" Plain "Umbria Ufficio" "Autumn fair, stand and brochures" "8870.00" "EUR" DisputedWithoutDate(NO_INVOICE);
    "C-1022" Plain "Vega Electronics" "Bundle promotion, mobile keyboards" "3305.25" "USD" Rejected(LATE_FILED);
    "C-1023" TaxInvoice "Wattle IT" "Cloud assessment, 10 customers" "12000.00" "EUR" Rejected(NO_INVOICE);
    "C-1024" Plain "Xenon Shops" "Cinema advertising, four weeks" "19400.00" "EUR"
        ActionRequired("Attach the booking confirmation");
    "C-1025" Other "Yarden Computers" "Banner advertising, one month" "2750.00" "USD"
        ActionRequired("The amount differs from the invoice by 250.00");
    "C-1026" TaxInvoice "Zephyr Consulting" "Readiness training, 8 days" "10400.00" "EUR"
        PartnerActionRequired(NO_PROOF, "Dispute accepted in part: attach the list of attendees");
    "C-1027" Plain "Alder & Finch Retail" "Summer window displays, 12 shops" "18900.00" "EUR" Editing;
    "C-1028" TaxInvoice "Meridian Cloud" "Customer seminars, second round" "11500.00" "EUR" Editing;

    "C-1029" Plain "Brightwater IT" "Search campaign, last quarter" "6980.10" "EUR" Approved(Late(4), &[]);
    "C-1030" Plain "Cobalt Systems" "Flagship shop, opening week" "48000.00" "USD" Approved(Late(11), &[
        line(IRELAND, "15120.30", "EUR", Paid::No),
        line(AMERICA, "18200.00", "USD", Paid::No),
        line(JAPAN, "2145000", "JPY", Paid::Yes),
    ]);
    "C-1031" Plain "Sakura 電器" "New year campaign, 20 shops" "3600000" "JPY" Approved(Late(0), &[
        line(JAPAN, "2900000", "JPY", Paid::No),
        line(AMERICA, "4480.10", "USD", Paid::InAnEarlierRound),
    ]);
    "C-1032" Plain "Fjord Data" "Winter catalogue, 35 000 copies" "11730.00" "EUR" Approved(AtRisk(1), &[]);
    "C-1033" Plain "Ibis Networks" "Student discount campaign" "7420.00" "GBP" Approved(AtRisk(3), &[
        line(IRELAND, "8610.45", "EUR", Paid::No),
        line(AMERICA, "1020.20", "USD", Paid::Yes),
    ]);
    "C-1034" Plain "Quintana Retail" "Father's day bundles" "4330.00" "EUR" Approved(OnTime(6), &[]);
    "C-1035" Other "Emek Digital" "Roadshow, five towns" "16650.00" "USD" Approved(OnTime(20), &[
        line(AMERICA, "16650.00", "USD", Paid::No),
    ]);
    "C-1036" Other "Hermon Trading" "Bus advertising, three lines" "9075.00" "USD" Approved(Late(6), &[]);
    "C-1037" Plain "Nordlys Handel" "Shop staff training" "5600.00" "EUR" Story::Paid(&[
        line(IRELAND, "5600.00", "EUR", Paid::Yes),
    ]);
    "C-1038" Plain "Vega Electronics" "Trade-in weeks" "13240.00" "USD" Story::Paid(&[]);

    "C-1039" TaxInvoice "Durand Informatique" "Migration workshops, 4 days" "6400.00" "EUR" Approved(Late(1), &[]);
    "C-1040" TaxInvoice "Oakhurst Solutions" "Customer reference videos" "17500.00" "EUR" Approved(Late(9), &[
        line(IRELAND, "12500.00", "EUR", Paid::No),
        line(AMERICA, "5430.75", "USD", Paid::No),
    ]);
    "C-1041" TaxInvoice "Größmann Computer" "Licence advice, 14 customers" "9380.00" "EUR" Approved(AtRisk(0), &[]);
    "C-1042" TaxInvoice "Rowan & Blake" "Data centre tour" "3150.00" "EUR" Approved(OnTime(3), &[
        line(IRELAND, "3150.00", "EUR", Paid::No),
    ]);
    "C-1043" TaxInvoice "Jardim Sistemas" "Adoption campaign, 3 months" "24000.00" "EUR" AwaitingTaxInvoice;
    "C-1044" TaxInvoice "Wattle IT" "Security workshop" "4800.00" "EUR" Story::Paid(&[]);
}
