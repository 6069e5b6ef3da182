"""What documents there are: the background before which a rule has to stand out.

An embedding model's cosines mean nothing by themselves: one calls unrelated texts 0.05 alike, another 0.75. So a rule
is measured against these, by the same model and for the same document. They are written as rules are, and of many
kinds.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Described: TypeAlias = tuple[str, str]
"""A kind of document: its name and its description, as in a rule."""

KINDS: Final[tuple[Described, ...]] = (
    ("letter", "A personal or business letter with an address, a greeting, paragraphs and a closing."),
    ("email", "An electronic message with sender, recipient and subject."),
    ("chat", "A conversation in short messages with the names of those who write."),
    ("invoice", "A bill that asks a customer to pay an amount for goods or services."),
    ("receipt", "Proof that something was bought and paid for."),
    ("purchase order", "An order of goods from a supplier, with quantities and prices."),
    ("delivery note", "A list of the goods in a shipment, with addresses and weights."),
    ("bank statement", "The transactions and the balance of an account over a month."),
    ("tax return", "Income and deductions declared to a tax authority."),
    ("insurance policy", "What is covered, the premium and the conditions of an insurance."),
    ("annual report", "A company's business and financial results over a year."),
    ("contract", "An agreement between parties with clauses and signatures."),
    ("law", "Sections and paragraphs of a statute or regulation."),
    ("court decision", "A judge's ruling in a case and the reasons for it."),
    ("patent", "The description and the claims of an invention."),
    ("policy", "Rules of an organisation for its staff, members or users."),
    ("form", "Fields with labels that somebody filled in."),
    ("questionnaire", "Questions of a survey with answers to choose from."),
    ("certificate", "Confirms a degree, an award or a fact about a person."),
    ("curriculum vitae", "A person's education, experience and skills."),
    ("job advertisement", "An open position and what is expected of applicants."),
    ("minutes", "What was discussed and decided at a meeting."),
    ("presentation", "Slides with headings and short points."),
    ("schedule", "A timetable or calendar with dates, times and places."),
    ("travel itinerary", "Flights, hotels and bookings of a journey."),
    ("medical report", "A patient's history, findings and treatment."),
    ("laboratory results", "Measured values of samples with units and normal ranges."),
    ("scientific article", "A study with abstract, methods, results and references."),
    ("textbook", "A chapter that teaches a subject, with exercises."),
    ("exam", "Questions that test knowledge, with points or solutions."),
    ("encyclopedia article", "Facts about a topic, a place or a person."),
    ("biography", "The life of a person."),
    ("news report", "What happened, told by a journalist."),
    ("press release", "A company's announcement to the media."),
    ("opinion piece", "An essay or blog post in which an author argues or tells of something."),
    ("review", "A verdict on a film, a book, a product or a restaurant."),
    ("interview", "Questions and answers of two speakers, written down."),
    ("speech", "An address of a politician or another speaker to an audience."),
    ("advertisement", "A brochure or flyer that praises a product or an event."),
    ("catalogue", "Products with descriptions and prices."),
    ("technical data sheet", "Dimensions, materials and properties of a product."),
    ("user manual", "How a device is set up, used and cleaned."),
    ("software documentation", "How a program or library is installed and used."),
    ("source code", "A program in a programming language."),
    ("log file", "Lines that a computer program wrote, with times and messages."),
    ("data table", "Rows and columns of values."),
    ("recipe", "Ingredients and steps for a dish."),
    ("menu", "Dishes and drinks of a restaurant with their prices."),
    ("short story", "A tale or a chapter of a novel, with characters and a plot."),
    ("poem", "Verses or the lyrics of a song."),
    ("play", "A script for stage or film, with dialogue and directions."),
    ("religious text", "Scripture, a prayer or a sermon."),
)
