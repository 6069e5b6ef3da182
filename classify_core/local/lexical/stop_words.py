"""Words that say nothing about a document's type."""

from __future__ import annotations

_ENGLISH = """
a about above after again against all also am an and any are aren't as at be because been before being below between
both but by can can't cannot could did do does doing don't down during each either etc ever every few for from further
get got had has have having he her here hers herself him himself his how however i if in into is isn't it its itself
just let like made make many may me might more most much must my myself neither no nor not now of off often on once one
only onto or other our ours out over own per rather same see shall she should since so some such than that the their
theirs them then there these they this those through thus to too two under until up upon us used using usually very via
was we were what when where whether which while who whom whose why will with within without would yes yet you your yours
yourself contain contains containing include includes including included typically usually example examples e.g i.e
"""
_GERMAN = """
aber als am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des dich die dies diese dieser du
durch ein eine einem einen einer eines er es euer für hat hatte ich ihm ihn ihr ihre im in ins ist ja kann kein mein mit
nach nicht noch nur oder ohne sein seine sich sie sind so über um und uns unser unter vom von vor war was weil wenn wer
wie wir wird wurde zu zum zur zwischen enthält beispielsweise
"""
_FRENCH = """
au aux avec ce ces cette dans de des du elle elles en est et été être il ils je la le les leur leurs lui ma mais me mes
moi mon ne nos notre nous on ou où par pas plus pour qu que qui sa sans se ses son sont sous sur ta te tes toi ton tu un
une vos votre vous contient ainsi comme
"""
_SPANISH_AND_PORTUGUESE = """
al algo ante antes como con contra cual cuando del desde donde durante el ella ellas ellos entre era es esa ese eso esta
este esto está están fue ha han hasta hay la las le les lo los más mi mis muy no nos nuestro o os otro para pero por
porque que quien se sea ser si sin sobre son su sus también te tiene un una uno unos usted y ya ao aos as à às da das do
dos e ela elas ele eles em foi isso isto já mais mas na nas não nem no nos num ou pela pelas pelo pelos qual são seu
seus sua suas também tem um uma umas uns você contiene contém
"""
_ITALIAN_AND_DUTCH = """
ad agli ai al alla alle anche che chi ci come con cui da dal dalla degli dei del della delle di è e ed era essere gli ha
hanno ho i il in io la le lei lo loro lui ma mi nei nel nella no non o per più quale quando quello questa questo se si
sono su sua sul sulla suo tra un una uno aan als bij dat de deze die dit door een en er haar had heb hebben heeft het
hij hun ik in is je kan maar me met mijn naar niet nog of om onder ons ook op over te tot u uit van voor was wat we wel
werd wij wordt ze zich zij zijn zo bevat contiene
"""

STOP_WORDS = frozenset(f"{_ENGLISH} {_GERMAN} {_FRENCH} {_SPANISH_AND_PORTUGUESE} {_ITALIAN_AND_DUTCH}".split())
"""The commonest function words of seven languages, and the words that join the parts of a rule's description."""
