"""Which words say what a document is, which say what it is not, and which say nothing; in a few languages.

Endings and function words are those of the local engine. The lists here are short on purpose: a word that is missing
costs a finding, a word too many accuses a good rule.
"""

from __future__ import annotations

import re
from typing import Final

from classify_core.local.lexical.stop_words import STOP_WORDS
from classify_core.local.lexical.terms import bare_terms, normal_form, occurrences

_HOLLOW_WORDS = """
document doc file page text content contents thing stuff something anything everything nothing else other others rest
remaining kind sort type category information info data material general generic various miscellaneous misc different
specific certain several particular relevant important common typical unknown unspecified related label labelled
dokument dokumente datei dateien seite seiten unterlage unterlagen inhalt text irgendetwas etwas alles
sonstiges sonstige sonstigen andere anderes anderen übrige übrigen verschiedene verschiedenes allgemein allgemeine
jegliche beliebiges wichtig wichtige wichtigen sowie information informationen daten handelt
fichier fichiers n'importe quel quelle quoi texte contenu chose choses tout toute tous toutes autre autres reste divers
diverse diverses général générale important importante quelque quelconque sorte information informations donnée données
documento documentos archivo archivos fichero página texto contenido cosa cosas algo todo todos toda todas cualquier
otros otra otras resto varios varias general importante tipo clase información datos
arquivo arquivos ficheiro conteúdo coisa coisas qualquer outro outros outra outras diversos diversas geral informação
informações dados
documenti file pagina testo contenuto qualsiasi qualunque tutto tutti altro altri altra altre vario vari varie
generale informazione informazioni dati
documenten bestand bestanden pagina tekst inhoud iets alles overig overige ander andere anders diverse diversen
algemeen algemene belangrijk soort informatie gegevens
документ документы файл файлы любой любые всё все другое другие прочее прочие остальное разное и или на в это
"""
HOLLOW: Final = frozenset(filter(None, map(normal_form, _HOLLOW_WORDS.split())))
"""Terms that fit every document, so that a rule of these alone tells none from another."""

# Compared as they are, since some of them are function words to the engine. None is also the name of a kind of
# document, as "default" and "general" are.
_REST_WORDS = """
other others misc miscellaneous unknown unclassified uncategorized uncategorised unsorted none catchall rest remainder
fallback anything everything sonstiges sonstige sonstigen andere anderes übrige übriges unbekannt verschiedenes
autre autres divers inconnu reste otro otros otra otras varios desconocido resto outro outros diversos desconhecido
altro altri varie sconosciuto overig overige anders onbekend diversen другое прочее разное неизвестно остальное
"""
_NAMES_OF_THE_REST: Final = frozenset(_REST_WORDS.split())

# In scripts without spaces a term is a pair of characters, so that such words have to go before pairs are made.
_REST_UNSPACED = "其他|其它|その他"
_HOLLOW_UNSPACED = re.compile(
    f"文档|文件|文書|文书|书类|書類|资料|資料|任何|所有|全部|内容|的|の|など|{_REST_UNSPACED}"
)

# A French or Italian article or preposition before a vowel: of "d'une offre" and "l'offre", "offre" is left.
_ELISION = re.compile(r"\b(?:[cdjlmst]|n(?!['\u2019]importe)|qu|un|(?:d|n)?ell|all|dall|sull)['\u2019]", re.IGNORECASE)

_CLAUSE_END = re.compile(r"[.,;:!?()\[\]\n\u2013\u2014\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")
_DENIAL = re.compile(
    r"\bnot\b(?!\s+(?:only|just)\b)|n['\u2019]t\b|\b(?:never|except|excluding|without|neither|nor|unlike)\b"
    r"|\b(?:other|rather)\s+than\b|\binstead\s+of\b|\b(?:with|has|have|contains?|shows?|is|are|of)\s+no\b|^\s*no\b"
    r"|\b(?:nicht(?!\s+nur\b)|kein\w*|ohne|niemals|weder|außer|ausser|ausgenommen)\b"
    r"|\b(?:ne|sans|jamais|sauf|hormis|excepté)\b|\bn['\u2019](?!importe)|\bautres?\s+que\b"
    r"|\bno\s+(?:es|son|está|están|contiene|contienen|incluye|tiene)\b|\b(?:sin|nunca|excepto|salvo)\b"
    r"|\b(?:não|sem|nem|exceto)\b|\bnon(?=\s)|\b(?:senza|eccetto|tranne)\b"
    r"|\b(?:niet(?!\s+alleen\b)|geen|zonder|behalve)\b|\b(?:не|без|кроме)\b|不是|不含|不包含|不包括|没有|除了",
    re.IGNORECASE,
)
_THE_REST = re.compile(
    r"\b(?:else|others?|rest|remainder|remaining|leftover)\b|\bnone\s+of\b|\b(?:fits?|match(?:es)?)\s+no(?:ne)?\b"
    r"|\b(?:sonstig\w*|ander(?:e|es|en|er)|übrig\w*|kein\w*\s+(?:der|die|ander)\w*)\b"
    r"|\b(?:autres?|reste|restants?|aucun\w*\s+(?:de|autre)\w*)\b"
    r"|\b(?:otr[oa]s?|resto|demás|ningun[oa]?\s+de)\b|\b(?:outr[oa]s?|restantes?|nenhum\w*\s+d\w+)\b"
    r"|\b(?:altr[oaie]|nessun\w*\s+(?:d|altr)\w*)\b|\b(?:overige?|andere?|anders|geen\s+(?:van|ander)\w*)\b"
    rf"|\b(?:друг\w+|проч\w+|остальн\w+)\b|{_REST_UNSPACED}",
    re.IGNORECASE,
)
_ALL_OF = re.compile(
    r"\b(?:any|anything|every|everything|all|none|rest|alles?|jede\w*|kein\w*|tout\w*|aucun\w*|todo\w*|toda\w*|cualquier\w*"
    r"|ningun\w*|qualquer|nenhum\w*|tutt\w+|qualsiasi|qualunque|nessun\w*|iedere?|elke?|geen|люб\w+|все|всё)\b|任何|所有|全部",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_WITHIN_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def spaced(name: str) -> str:
    """A type as separate words: `bank_statement`, `bank-statement` and `BankStatement` are two each."""
    return " ".join(_WORD.findall(_WITHIN_CAMEL_CASE.sub(" ", name)))


def terms(text: str) -> frozenset[str]:
    """The normal forms of a text's words, without function words; numbers and lone letters are kept."""
    without_hollow = _HOLLOW_UNSPACED.sub(" ", _ELISION.sub(" ", text))
    bare = frozenset(bare_terms(without_hollow)) - STOP_WORDS  # at the start of a sentence, "A" is no letter
    return frozenset(found.term for found in occurrences(without_hollow, bare))


def told_and_denied(description: str) -> tuple[frozenset[str], frozenset[str]]:
    """The terms that say what a document is, and those that say what it is not: up to the end of a negated clause."""
    told, denied = set[str](), set[str]()
    for clause in _CLAUSE_END.split(description):
        denial = _DENIAL.search(clause)
        if denial is None:
            told |= terms(clause)
        else:
            told |= terms(clause[: denial.start()])
            denied |= terms(clause[denial.end() :])
    return frozenset(told), frozenset(denied)


def is_limited_to_the_rest(description: str) -> bool:
    """Whether a description says that it is about what is left over by others, or what it is not about."""
    return _THE_REST.search(description) is not None or _DENIAL.search(description) is not None


def takes_all_the_rest(description: str) -> bool:
    """Whether a description speaks of all that is left over, such as "anything else"."""
    return _THE_REST.search(description) is not None and _ALL_OF.search(description) is not None


def mentions_the_rest(name: str) -> bool:
    """Whether a type's name speaks of what is left over, as `other_letters` does."""
    return not _NAMES_OF_THE_REST.isdisjoint(_name_words(name)) or re.search(_REST_UNSPACED, name) is not None


def names_the_rest(name: str) -> bool:
    """Whether a type is called by what is left over alone, such as `other`, `misc_documents` or `none of these`."""
    own = set(_name_words(name)) - _NAMES_OF_THE_REST - STOP_WORDS
    return mentions_the_rest(name) and all(normal_form(word) in HOLLOW for word in own)


def _name_words(name: str) -> list[str]:
    return spaced(_HOLLOW_UNSPACED.sub(" ", name)).casefold().replace("catch all", "catchall").split()
