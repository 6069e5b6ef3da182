"""Words frequent in writing of every kind: finding one says less than finding a rare word."""

from __future__ import annotations

from classify_core.local.lexical.terms import normal_form

_ENGLISH = """
able access account act action activity add address age agree allow answer appear apply area ask author available back
bad base become begin believe benefit best better big body book bring build business buy call car care case cause center
century certain chance change child choose city claim clear close come common community company complete condition
consider control copy cost country course create current cut data date day deal decide decision describe description
detail develop different do document early easy education effect end enough enter event experience expect fact fall
family far feature feel few field figure file find fine fire first follow food force form free friend full future game
general give go good government great ground group grow guide half hand happen hard head health hear help high history
hold home hour house human idea important improve increase information interest issue item job keep kind know land
language large last late law lead learn leave left let letter level life light line list little live local long look
lose lot love low main man manage market matter mean meet member message method mind minute moment money month morning
move name nation nature near need new news next night note number offer office old open order organization page paper
part party pass past pay people period person place plan play point policy position possible power present president
price private problem process product program project provide public put question read ready real reason receive
record red reference remain remember report require research result return right role room rule run save say school
science second section see seem send sense separate serve service set share short show side sign simple site situation
size small social society something sort speak special specific stand standard start state stay step stop story street
strong student study subject support sure system table take talk team technology tell term test text thing think third
time title today together total town trade try turn type understand unit update value view visit voice wait walk want
war watch water way website week well white win woman word work world write year young
"""

COMMON_TERMS = frozenset(term for word in _ENGLISH.split() if (term := normal_form(word)) is not None)
"""Their normal forms."""
