"""Common words of two languages, to draw and to learn letter sequences from."""

ENGLISH = """
the and you that was for are with his they this have from one had word but not what all were when your can said there
use each which she how their will other about out many then them these some her would make like him into time has look
two more write see number way could people than first water been call who oil its now find long down day did get come
made may part over new sound take only little work know place year live back give most very after thing our just name
good sentence man think say great where help through much before line right too mean old any same tell boy follow came
want show also around form three small set put end does another well large must big even such because turn here why
ask went men read need land different home move try kind hand picture again change off play spell air away animal
house point page letter mother answer found study still learn should world high every near add food between own below
country plant last school father keep tree never start city earth eye light thought head under story saw left few
while along might close something seem next hard open example begin life always those both paper together got group
often run important until children side feet car mile night walk white sea began grow took river four carry state once
book hear stop without second later miss idea enough eat face watch far really almost let above girl sometimes
mountain cut young talk soon list song being leave family body music color stand sun question fish area mark dog horse
birds problem complete room knew since ever piece told usually friends easy heard order red door sure become top ship
across today during short better best however low hours black products happened whole measure remember early waves
reached listen wind rock space covered fast several hold himself toward five step morning passed vowel true hundred
against pattern numeral table north slowly money map farm pulled draw voice seen cold cried plan notice south sing war
ground fall king town unit figure certain field travel wood fire upon done english road half ten fly gave box finally
wait correct quickly person became shown minutes strong verb stars front feel fact inches street decided contain
course surface produce building ocean class note nothing rest carefully scientists inside wheels stay green known
island week less machine base ago stood plane system behind ran round boat game force brought understand warm common
bring explain dry though language shape deep thousands yes clear equation yet government filled heat full hot check
object bread rule among noun power cannot able six size dark ball material special heavy fine pair circle include
built matter square syllables perhaps bill felt suddenly test direction center farmers ready anything divided general
energy subject europe moon region return believe dance members picked simple cells paint mind love cause rain exercise
eggs train blue wish drop developed window difference distance heart sit sum summer wall forest probably hotel coffee
pizza kitchen market museum theatre hospital pharmacy parking restaurant exit entrance welcome closed sale free fresh
quality express service centre bakery garden avenue bridge harbour station airport police danger warning caution
private public library college university company limited office insurance bank credit jewellery fashion shoes
clothing furniture electronics computer software network security management international organization information
communication development environment photography architecture advertisement entertainment chocolate vanilla
strawberry orange lemon sugar pepper butter cheese chicken breakfast lunch dinner dessert delicious quickening
judgement zealous vexing jukebox wizard quartz fjord sphinx rhythm buzzing dazzle puzzle oxygen exotic xenon
"""

FRENCH = """
le la les de des du un une et est dans pour que qui sur avec pas plus par ce cette son ses mais nous vous ils elle
tout faire même comme aussi bien entre sans sous vers chez après avant pendant depuis toujours jamais souvent encore
déjà ici homme femme enfant jour année temps monde vie main chose moment pays ville rue maison porte eau terre mer
ciel soleil lune étoile arbre fleur jardin forêt montagne rivière fleuve lac île plage vent pluie neige feu lumière
ombre nuit matin soir midi minuit heure minute semaine mois printemps été automne hiver lundi mardi mercredi jeudi
vendredi samedi dimanche janvier février mars avril mai juin juillet août septembre octobre novembre décembre premier
deuxième dernier nouveau vieux jeune grand petit beau bon mauvais haut bas long court large étroit fort faible chaud
froid sec humide clair sombre blanc noir rouge bleu vert jaune gris rose brun violet pain vin fromage beurre lait café
thé sucre sel poivre viande poisson poulet bœuf légume fruit pomme poire cerise fraise orange citron pêche abricot
raisin gâteau chocolat glace boulangerie pâtisserie boucherie épicerie pharmacie librairie papeterie coiffeur
fleuriste bijouterie quincaillerie restaurant brasserie hôtel auberge théâtre cinéma musée bibliothèque école collège
lycée université hôpital mairie église cathédrale château palais pont place avenue boulevard impasse chemin allée quai
cour passage square sentier route gare aéroport métro tramway autobus voiture vélo bateau train avion entrée sortie
accès interdit défense stationnement livraison ouvert fermé gratuit payant soldes promotion nouveauté qualité service
clientèle réception caisse ascenseur escalier étage bureau atelier usine magasin marché boutique commerce société
compagnie assurance banque crédit agence immobilier notaire avocat médecin dentiste infirmière vétérinaire professeur
élève étudiant ouvrier ingénieur directeur président maréchal général colonel capitaine liberté égalité fraternité
république nation peuple paix guerre victoire résistance libération saint sainte jean pierre paul jacques louis
charles henri françois marie anne jeanne thérèse hélène cécile léon rené andré gambetta pasteur voltaire molière
racine corneille balzac stendhal flaubert verlaine rimbaud baudelaire lamartine chênes tilleuls platanes peupliers
acacias marronniers bouleaux érables noyers oliviers lilas rosiers genêts bruyères fontaine moulin source vallée
coteau colline plaine prairie vigne verger ferme grange étang ruisseau écluse phare falaise rocher fenêtre mur toit
cave grenier chambre cuisine salon lit chaise lampe livre journal lettre mot phrase page histoire poème chanson
musique danse peinture dessin photographie œuvre art beauté amour amitié bonheur tristesse colère peur courage espoir
rêve pensée idée mémoire oubli silence bruit voix parole question réponse raison vérité mensonge secret mystère où ça
là voilà naïf maïs noël ambiguë aïeul haïr cœur sœur nœud vœu garçon leçon façade reçu français naître connaître
"""
