"""Everything that a report says in English, and nothing else: another language is this folder again, in that language.

    words        counts, lists, capitals, percentages
    amounts      effects, intervals and levels
    definitions  what a needle's number means
    sentences    what may be said of one needle's evidence
    lede         the headline and the sentences below it
    reasons      why there is no number, no verdict or no claim
    remarks      what a guard found, and what stands beside a verdict
    headings     headings, notes and lines of the sections
    knowing      'How we know'
    dora         DORA's rules as they were applied
    promises     bets and what became of them
    returns      what a proof returned
    changes      what was changed in a proof after its read-out
    pictures     captions, alt texts, axes and names in pictures
    tables       heads and cells of tables
    pages        what stands around a report: index, foot, links

Beside it a translation brings what is declared elsewhere: the needles' own words (label, question, state, finding, facts, in
`needles/`) and what a label does to a verb (`model/needle.py`), the names of units and months (`model/unit.py`,
`model/period.py`), what tables, columns and rules are called (`entities/`, `params/`), the head of pages where
`organisation.yaml` gives none (`model/params.py`), DORA's bands (`model/bands.py`), what facts without a group are called (`model/evidence.py`,
`measure/rows.py`), why an extract rejected rows and what it warned of (`snapshot/`, `entities/`: frozen with the extract), and
the user's params. The command line, and the check of the narrative, speak English.
"""
