"""The words French street names are made of, the commonest of each list first (`street_names` draws those oftener).

Words of a list are parted by blanks, names of several words by `|`. The apostrophe is FSNS's own, `‘`.
"""


def names_of(text: str) -> tuple[str, ...]:
    """The parts of `text` between bars; a line end is a blank."""
    return tuple(" ".join(part.split()) for part in text.split("|"))


def words_of(text: str) -> tuple[str, ...]:
    """The words between blanks; `_` stands for a blank within a word."""
    return tuple(word.replace("_", " ") for word in text.split())


# Type of way, its gender, how often it stands (percent), and the profile of the names it takes.
TYPES: tuple[tuple[str, str, float, str], ...] = (
    ("Rue", "f", 48.5, "street"),
    ("Chemin", "m", 7.5, "rural"),
    ("Impasse", "f", 6.8, "green"),
    ("Avenue", "f", 6.0, "noble"),
    ("Place", "f", 5.6, "noble"),
    ("Allée", "f", 4.6, "green"),
    ("Route", "f", 3.4, "rural"),
    ("Boulevard", "m", 2.4, "noble"),
    ("", "f", 1.2, "rural"),
    ("Passage", "m", 1.6, "street"),
    ("Square", "m", 1.3, "noble"),
    ("Résidence", "f", 0.9, "green"),
    ("Ruelle", "f", 0.8, "rural"),
    ("Cité", "f", 0.9, "street"),
    ("Villa", "f", 0.8, "noble"),
    ("Voie", "f", 0.9, "street"),
    ("Sentier", "m", 0.6, "rural"),
    ("Quai", "m", 0.6, "noble"),
    ("Lotissement", "m", 0.5, "green"),
    ("Cour", "f", 0.45, "street"),
    ("Cours", "m", 0.4, "noble"),
    ("Montée", "f", 0.35, "rural"),
    ("Hameau", "m", 0.3, "rural"),
    ("Clos", "m", 0.3, "green"),
    ("Traverse", "f", 0.3, "rural"),
    ("Pont", "m", 0.25, "street"),
    ("Promenade", "f", 0.22, "noble"),
    ("Esplanade", "f", 0.22, "noble"),
    ("Venelle", "f", 0.22, "rural"),
    ("Rond-Point", "m", 0.2, "noble"),
    ("Faubourg", "m", 0.2, "noble"),
    ("Parc", "m", 0.2, "green"),
    ("Côte", "f", 0.18, "rural"),
    ("Galerie", "f", 0.15, "street"),
    ("Porte", "f", 0.15, "street"),
    ("Mail", "m", 0.15, "noble"),
    ("Carrefour", "m", 0.15, "rural"),
    ("Port", "m", 0.12, "street"),
    ("Sente", "f", 0.12, "rural"),
    ("Domaine", "m", 0.12, "green"),
    ("Chaussée", "f", 0.1, "rural"),
    ("Parvis", "m", 0.08, "noble"),
    ("Rempart", "m", 0.08, "street"),
    ("Terrasse", "f", 0.08, "green"),
    ("Placette", "f", 0.08, "green"),
    ("Jardin", "m", 0.08, "green"),
    ("Rampe", "f", 0.06, "rural"),
    ("Passerelle", "f", 0.06, "noble"),
    ("Escalier", "m", 0.04, "rural"),
    ("Vieux Chemin", "m", 0.15, "rural"),
    ("Ancien Chemin", "m", 0.08, "rural"),
    ("Vieille Route", "f", 0.08, "rural"),
    ("Ancienne Route", "f", 0.1, "rural"),
    ("Grande Rue", "f", 0.15, "rural"),
    ("Petite Rue", "f", 0.1, "street"),
)
# Read in text files, never drawn.
MORE_TYPES = names_of(
    "Av|Av.|Bd|Bd.|Bld|Bvd|Imp|Imp.|Pl|Pl.|Che|Chem.|All|All.|Rte|Rte.|Sq|Sq.|Res|Rés.|Lot|Lot.|Autoroute|Corniche"
    "|Coursive|Digue|Drève|Enclos|Espace|Grand Chemin|Grande Place|Levée|Petit Chemin|Petite Place|Peristyle"
    "|Péristyle|Petite Ruelle|Grande Allée|Quartier|Ronde|Rocade|Patio|Zone|Zone Artisanale|Allées|Rond Point"
)

TOWNS = words_of("""Paris Lyon Marseille Toulouse Bordeaux Strasbourg Nantes Lille Rennes Reims Verdun Metz
    Nancy Dijon Grenoble
    Nice Orléans Tours Angers Versailles Chartres Rouen Caen Dunkerque Calais Arras Amiens Beauvais Compiègne
    Soissons Laon Épinal Colmar Mulhouse Belfort Besançon Dole Beaune Mâcon Chalon Nevers Bourges Vierzon Blois
    Vendôme Saumur Niort Poitiers Limoges Guéret Tulle Brive Cahors Agen Auch Tarbes Pau Bayonne Biarritz Dax
    Libourne Bergerac Périgueux Angoulême Cognac Saintes Rochefort Royan Cholet Vannes Lorient Quimper Brest
    Morlaix Guingamp Dinan Fougères Laval Alençon Argentan Lisieux Bayeux Cherbourg Granville Avranches Honfleur
    Deauville Dieppe Fécamp Elbeuf Évreux Vernon Mantes Melun Meaux Provins Sens Auxerre Troyes Chaumont Langres
    Vesoul Gray Pontarlier Annecy Chambéry Albertville Thonon Évian Valence Montélimar Orange Avignon Carpentras
    Arles Nîmes Montpellier Béziers Narbonne Perpignan Carcassonne Castres Albi Rodez Millau Mende Aurillac
    Vichy Moulins Roanne Vienne Gap Briançon Digne Sisteron Manosque Grasse Cannes Antibes Menton Monaco Toulon
    Hyères Fréjus Draguignan Ajaccio Bastia Corte Calvi Sarlat Figeac Souillac Marmande Condom Mirande Lourdes
    Foix Pamiers Limoux Céret Prades Sète Agde Lodève Alès Uzès Beaucaire Tarascon Cavaillon Apt Pertuis
    Vaison Nyons Crest Romans Tournon Annonay Privas Aubenas Issoire Thiers Ambert Riom Gannat Bellac Confolens
    Ruffec Melle Parthenay Bressuire Thouars Loudun Chinon Loches Amboise Romorantin Gien Montargis Pithiviers
    Étampes Dourdan Rambouillet Dreux Verneuil Mortagne Nogent Mamers Sablé Segré Ancenis Pornic Redon Ploërmel
    Pontivy Auray Carhaix Lannion Paimpol Cancale Vitré Mayenne Domfront Flers Vire Carentan Valognes Coutances
    Falaise Bernay Louviers Gisors Neufchâtel Abbeville Péronne Cambrai Douai Lens Béthune Hazebrouck Bailleul
    Tourcoing Roubaix Valenciennes Maubeuge Avesnes Hirson Vervins Guise Rethel Sedan Vouziers Épernay Sézanne
    Vitry Toul Pompey Briey Longwy Thionville Forbach Sarreguemines Bitche Haguenau Saverne Sélestat Guebwiller
    Thann Altkirch Wissembourg Obernai Barr Molsheim Remiremont Gérardmer Bruyères Mirecourt Neufchâteau
    Vittel Bouxwiller Cluny Tournus Louhans Londres Rome Berlin Vienne Madrid Lisbonne Bruxelles
    Athènes Moscou Budapest Prague Varsovie Constantine Oran Alger Tunis Milan Turin Florence Venise Naples
    Séville Grenade Tolède Dublin Oslo Genève Lausanne Bâle Berne Liège Namur Mons Anvers Gand Bruges Québec
    Montréal Damas Odessa Stalingrad Wagram Iéna Austerlitz Marengo Solférino Magenta Valmy Jemmapes Rivoli Lodi
    Arcole Sébastopol Crimée Bir-Hakeim Narvik Ouessant Molène Houat Hénin Harfleur Hendaye Haguenau Yvetot
    Yerres Ypres Issy Ivry Aubervilliers Antony Achères Étretat Erquy Ermont Essonnes Istres Uzerche""")
RIVERS = words_of("Seine Loire Marne Meuse Saône Somme Sarthe Moselle Vienne Semoy Vire")
TOWN_ENDS = words_of("en-Brie les-Bains la-Forêt le-Vieux en-Auge le-Grand sous-Bois les-Vignes")
# A land with the particle that leads to it.
LANDS = (
    *(
        ("de", name)
        for name in names_of(
            "Provence|Bretagne|Normandie|Lorraine|Bourgogne|Champagne|Picardie|Touraine|Savoie|Gascogne|Flandre"
            "|Vendée|Corse"
            "|Franche-Comté|Belgique|Suisse|Pologne|Grèce|Hollande|Suède|Norvège|Russie|Castille|Navarre"
            "|Guyenne|Saintonge|Sologne|Beauce|Brie|Bresse|Chine|Crète|Malte|Cornouaille|Gaulle|Catalogne"
            "|Bellevue|Bel-Air"
        )
    ),
    *(
        ("d‘", name)
        for name in names_of(
            "Alsace|Auvergne|Aquitaine|Anjou|Artois|Italie|Espagne|Angleterre|Irlande|Écosse|Algérie|Autriche"
            "|Égypte|Allemagne"
            "|Armagnac|Occitanie|Aragon|Estienne d‘Orves|En Bas|En Haut|Amont|Aval|Île-de-France|Armorique"
            "|Argonne|Arcadie"
        )
    ),
    *(
        ("du", name)
        for name in names_of(
            "Berry|Languedoc|Roussillon|Poitou|Dauphiné|Limousin|Béarn|Quercy|Périgord|Maine|Nivernais"
            "|Bourbonnais|Forez"
            "|Rouergue|Velay|Vivarais|Morvan|Jura|Vercors|Ventoux|Luberon|Rhône|Rhin|Gard|Tarn|Lot|Var|Cher"
            "|Doubs|Maroc|Japon"
            "|Canada|Danemark|Portugal|Mexique|Brésil|Luxembourg|Perche|Comtat Venaissin|Pays Basque|Mont Blanc"
            "|Canigou"
        )
    ),
    *(("de la", name) for name in RIVERS),
    *(
        ("de la", name)
        for name in names_of(
            "Corrèze|Creuse|Dordogne|Garonne|Gironde|Charente|Drôme|Durance|Bièvre|Vanne|Vesle|Sèvre|Mayenne"
            "|Vilaine|Rance"
            "|Martinique|Guadeloupe|Réunion|Méditerranée|Manche|Bruche|Thur|Vologne|Sorgue|Lys|Scarpe|Deûle|Hague"
        )
    ),
    *(
        ("de l‘", name)
        for name in names_of(
            "Oise|Aube|Aisne|Eure|Orne|Yonne|Isère|Ain|Allier|Ardèche|Aveyron|Hérault|Aude|Ariège|Adour|Indre"
            "|Essonne|Ourcq"
            "|Île de France|Atlantique|Océan|Europe|Odet|Erdre|Yser|Ill|Yvette|Argens|Orb|Huveaune|Estérel"
            "|Aubrac|Oisans"
        )
    ),
    *(
        ("des", name)
        for name in names_of(
            "Alpes|Pyrénées|Vosges|Cévennes|Ardennes|Flandres|Landes|Antilles|Açores|Maures|Alpilles|Baléares"
            "|Dombes|Corbières"
        )
    ),
)

# Places and buildings. Each stands with its article; those of HEADS take adjectives and complements too.
PLACES_M = names_of(
    """Moulin|Château|Pont|Lavoir|Stade|Port|Cimetière|Collège|Lycée|Presbytère|Prieuré|Marché|Puits|Four|Couvent
    |Pressoir|Canal|Lac|Centre|Village|Bourg|Parc|Calvaire|Belvédère|Barrage|Tribunal|Théâtre|Musée|Temple
    |Palais|Phare|Viaduc|Commerce|Champ de Foire|Manoir|Donjon|Tunnel|Bac|Gymnase|Vélodrome|Dispensaire|Foyer
    |Quai|Tramway|Rail|Dépôt|Hameau|Faubourg|Square|Parlement|Cloître|Séminaire|Monastère|Bastion|Rempart
    |Pavillon|Kiosque|Colombier|Haras"""
)
PLACES_F = names_of(
    """Gare|Mairie|Poste|Fontaine|Chapelle|Tour|Forge|Halle|Tuilerie|Briqueterie|Laiterie|Verrerie|Ferme|Grange
    |Bergerie|Citadelle|Caserne|Cathédrale|Préfecture|Bibliothèque|Piscine|Scierie|Filature|Manufacture
    |Brasserie|Distillerie|Commanderie|Maladrerie|Métairie|Vacherie|Porcherie|Basilique|Synagogue|Mission|Crèche
    |Minoterie|Cartonnerie|Papeterie|Banque|Bourse|Justice|Monnaie|Cité|Passerelle|Digue|Jetée|Plage|Porte|Place
    |Glacière|Sablière|Marbrière|Carrière|Faïencerie|Saline|Raffinerie|Sucrerie|Coopérative|Boulangerie
    |Trésorerie|Gendarmerie|Cure"""
)
PLACES_V = names_of(  # before these the article is elided, whatever the gender
    """Église|École|Hôpital|Abbaye|Hôtel de Ville|Écluse|Usine|Étang|Abreuvoir|Abattoir|Arsenal|Aqueduc|Hippodrome
    |Ermitage|Hospice|Horloge|Université|Observatoire|Orangerie|Ancienne Gare|Ancien Port|Aérodrome|Embarcadère
    |Ancienne Mairie|Octroi|Oratoire|Évêché|Arche|Enclos|Estacade|Industrie|Orphelinat|Ouvroir|Amphithéâtre
    |Atelier|Auditoire|Auberge|Ancien Lavoir|Huilerie|Ancienne École|Hôtel-Dieu|Économie|Est|Ouest|Île|Orée du Bois|Aire
    |Éperon|Étoile|Arquebuse|Ancre"""
)
NATURE_M = names_of(
    """Bois|Pré|Lac|Soleil|Vallon|Midi|Levant|Couchant|Ruisseau|Rocher|Verger|Vignoble|Marais|Ravin|Coteau|Plateau
    |Sable|Nord|Sud|Torrent|Bocage|Jardin|Val|Mont|Gué|Clos|Muguet|Houx|Chêne|Noyer|Tilleul|Hêtre|Mûrier|Figuier
    |Cèdre|Cerisier|Poirier|Pommier|Platane|Peuplier|Châtaignier|Genêt|Buis|Laurier|Rossignol|Loup|Renard|Cygne
    |Héron|Paon|Coq|Cheval Blanc|Lion d‘Or|Cerf|Chevreuil|Lièvre|Merle|Moulin à Vent|Printemps|Vent|Matin
    |Littoral|Hérisson|Halage|Talus"""
)
NATURE_F = names_of(
    """Forêt|Fontaine|Source|Vallée|Colline|Montagne|Prairie|Plaine|Rivière|Mare|Lande|Côte|Combe|Falaise|Mer|Plage
    |Roche|Garenne|Pinède|Haie|Vigne|Clairière|Roseraie|Châtaigneraie|Chênaie|Hêtraie|Saulaie|Cerisaie|Pommeraie
    |Sapinière|Bruyère|Lavande|Rose|Cigale|Fauvette|Perdrix|Licorne|Colombe|Biche|Truite|Lune|Brise|Dune|Noue
    |Motte|Butte|Crête|Cascade|Grotte|Rosée|Treille|Ramée|Futaie|Houssaie|Rivette|Varenne|Gravière|Grève|Baie
    |Lagune|Ravine|Coudraie"""
)
NATURE_V = names_of(
    "Aurore|Érable|Orme|Aubépine|Olivier|Olivette|Oiseau|Alouette|Écureuil|Hirondelle|Hermine|Amandier|Acacia"
    "|Iris|Herbe"
    "|Étang|Ormeau|Aulne|Hermitage|Yeuse|If|Osier|Oranger|Arbre Sec|Orge|Abricotier|Eau Vive|Azur|Arc en Ciel|Horizon"
    "|Automne|Hiver|Été|Églantine|Orchidée|Anémone|Avoine|Aigle|Ours|Agneau|Âne|Ormoie|Ouche|Angle|Aulnaie|Oie|Huître"
)
PLURALS = names_of(
    """Lilas|Écoles|Jardins|Acacias|Tilleuls|Roses|Rosiers|Marronniers|Peupliers|Platanes|Chênes|Cerisiers|Bleuets
    |Prés|Champs|Vignes|Bois|Mimosas|Glycines|Genêts|Pins|Sapins|Noyers|Pommiers|Bouleaux|Érables|Ormes|Oliviers
    |Amandiers|Lauriers|Noisetiers|Tulipes|Primevères|Violettes|Pâquerettes|Coquelicots|Iris|Hortensias|Camélias
    |Magnolias|Jonquilles|Myosotis|Pervenches|Bruyères|Églantines|Aubépines|Capucines|Dahlias|Œillets|Orchidées
    |Pensées|Marguerites|Anémones|Saules|Frênes|Charmes|Hêtres|Cèdres|Cyprès|Houx|Sorbiers|Merisiers|Mûriers
    |Figuiers|Orangers|Poiriers|Pêchers|Abricotiers|Châtaigniers|Fougères|Ajoncs|Roseaux|Joncs|Buis|Troènes
    |Clématites|Chèvrefeuilles|Lavandes|Romarins|Alouettes|Hirondelles|Mésanges|Rossignols|Fauvettes|Pinsons
    |Merles|Mouettes|Goélands|Cigognes|Hérons|Colombes|Tourterelles|Perdrix|Faisans|Bergeronnettes|Cygnes
    |Colverts|Sarcelles|Martinets|Moineaux|Écureuils|Lièvres|Renards|Chevreuils|Biches|Loups|Abeilles|Cigales
    |Papillons|Libellules|Grillons|Castors|Sangliers|Chamois|Hérissons|Oiseaux|Artisans|Tanneurs|Tisserands
    |Vignerons|Bergers|Bouchers|Boulangers|Meuniers|Pêcheurs|Marins|Potiers|Tonneliers|Charpentiers|Forgerons
    |Drapiers|Tailleurs|Carriers|Mineurs|Bateliers|Jardiniers|Maraîchers|Laboureurs|Moissonneurs|Vendangeurs
    |Bûcherons|Charbonniers|Verriers|Imprimeurs|Orfèvres|Teinturiers|Cordiers|Lavandières|Dentellières
    |Cordeliers|Carmes|Capucins|Augustins|Jacobins|Ursulines|Bénédictins|Chartreux|Minimes|Récollets|Templiers
    |Moines|Sources|Fontaines|Remparts|Fossés|Carrières|Forges|Moulins|Halles|Ponts|Puits|Étangs|Marais|Vergers
    |Vallons|Coteaux|Collines|Cimes|Crêtes|Roches|Rochers|Sables|Dunes|Embruns|Vagues|Grèves|Îles|Landes|Haies
    |Garennes|Combes|Écoliers|Sports|Fleurs|Arts|Alliés|Fusillés|Déportés|Martyrs|Anciens Combattants
    |Droits de l‘Homme|Résistants|Quatre Vents|Trois Fontaines|Deux Ponts|Trois Rois|Quatre Saisons|Sept Sources
    |Trois Moulins|Deux Églises|Cinq Chemins|Boutons d‘Or|Coutures|Essarts|Brosses|Bordes|Noues|Plantes|Ouches
    |Chaumes|Groues|Friches|Haras"""
)
IDEAS = (
    *(
        ("de la", name)
        for name in names_of(
            "Libération|République|Résistance|Paix|Liberté|Fraternité|Victoire|Révolution|Nation|Solidarité"
            "|Concorde|Justice"
            "|Raison|Tolérance|Science|Musique|Jeunesse|Patrie|Démocratie|Convention|Constitution|Déportation"
            "|Commune|Loi"
            "|Commune de Paris|Première Armée|Deuxième DB|Légion d‘Honneur|Bonne Nouvelle|Gaieté|Renaissance"
            "|Poésie|Santé"
        )
    ),
    *(
        ("de l‘", name)
        for name in names_of(
            "Égalité|Avenir|Espérance|Union|Europe|Amitié|Indépendance|Abondance|Harmonie|Humanité|Armistice"
            "|Appel du 18 Juin"
            "|Assomption|Annonciation|Ascension|Espoir|Honneur|Enfance|Alliance|Entente|Étoile du Nord|Innovation"
        )
    ),
    *(
        ("du", name)
        for name in names_of(
            "Progrès|Souvenir|Souvenir Français|Travail|Bonheur|Repos|Paradis|Plaisir|Temps Perdu|Bon Accueil"
            "|Rosaire|Sacré-Cœur"
            "|Bon Pasteur|Saint-Esprit|Calme|Partage|Serment du Jeu de Paume|Génie|Sommeil|Silence"
        )
    ),
    *(
        ("", name)
        for name in names_of(
            "Beauséjour|Bellevue|Notre-Dame|Beau Site|Bel-Air|Monplaisir|Mon Repos|Sans Souci|Belle Vue"
            "|Beauregard|Montplaisir"
            "|Notre-Dame des Champs|Notre-Dame de Lourdes|Notre-Dame de Grâce|Montjoie|Clair Logis|Beaulieu"
            "|Belle Étoile"
        )
    ),
)

# Masculine; masculine before a vowel; feminine.
BEFORE = (
    ("Grand", "Grand", "Grande"),
    ("Petit", "Petit", "Petite"),
    ("Vieux", "Vieil", "Vieille"),
    ("Haut", "Haut", "Haute"),
    ("Bas", "Bas", "Basse"),
    ("Beau", "Bel", "Belle"),
    ("Gros", "Gros", "Grosse"),
    ("Nouveau", "Nouvel", "Nouvelle"),
    ("Bon", "Bon", "Bonne"),
    ("Long", "Long", "Longue"),
    ("Ancien", "Ancien", "Ancienne"),
)
AFTER = tuple(
    tuple(pair.split("/"))
    for pair in words_of("""Neuf/Neuve Vert/Verte Blanc/Blanche Rouge/Rouge Noir/Noire Royal/Royale Rond/Ronde
    Fleuri/Fleurie Joli/Jolie
    Doré/Dorée Creux/Creuse Carré/Carrée Bleu/Bleue Brûlé/Brûlée Clair/Claire Perdu/Perdue Froid/Froide
    Sec/Sèche Percé/Percée Couvert/Couverte Gris/Grise Moussu/Moussue Bossu/Bossue Sauvage/Sauvage Tordu/Tordue
    Profond/Profonde Chaud/Chaude Pointu/Pointue Fendu/Fendue Argenté/Argentée Bourgeois/Bourgeoise Ferré/Ferrée""")
)
ALONE = AFTER[:10] + tuple(
    tuple(pair.split("/"))
    for pair in words_of("""Haut/Haute Bas/Basse Traversier/Traversière Principal/Principale Central/Centrale
    Droit/Droite
    Tortueux/Tortueuse Étroit/Étroite Public/Publique National/Nationale Impérial/Impériale Communal/Communale
    Privé/Privée Rural/Rurale Industriel/Industrielle Ombragé/Ombragée Transversal/Transversale Beau/Belle""")
)
HEADS_M = words_of("""Moulin Bois Pré Champ Clos Puits Pont Mas Val Gué Mont Jardin Étang Chêne Four Château
    Ruisseau Port Verger
    Marais Rocher Fort Trou Coin Buisson Poirier Hameau Fossé Plan Riou""")
HEADS_F = words_of("""Croix Fontaine Vallée Côte Ferme Mare Prairie Plaine Haie Maison Tour Porte Roche Butte
    Borde Lande Combe
    Grange Rivière Source Chapelle Noue Garenne Motte Vigne Pierre Cour Ville Barre Fosse Louvière""")
# Names of fields and farms; the letter chains learn how such names are made from these.
FIELDS_F = words_of("""Boissière Bretonnière Gaudinière Rousselière Guichardière Martinière Renardière
    Chevallerie Thibaudière
    Robinière Jaunaie Chesnaie Fresnaie Coudrette Bouverie Gibauderie Perrière Verrière Ferrière Louvetière
    Bergeronnière Mouchetière Ragotière Pichonnière Villette Barbotte Couture Bourdette Garde Garrigue Bastide
    Bastie Borie Burgade Cabane Calade Canourgue Castagnère Caussade Clède Colombière Condamine Coste Coume
    Croisette Crouzette Devèze Draille Fage Faurie Ferrage Fenouillère Gineste Grangette Jasse Lauze Madrague
    Maurelle Mouline Nauze Olivette Palud Peyrade Planque Rebière Ribère Ribeyre Rougière Salvetat Sagne Salette
    Serre Tronquière Tuque Vernière Verdière Vayssière Ville Haye Hutte Hunaudière Héronnière Chaussée Croupe
    Gouttière Graverie Grolle Guerche Levrette Lionnerie Marnière Mignerie Morlière Musse Picotière Poterie
    Pommerie Quintaine Rabine Ratelière Rochette Rouvraie Sauzaie Tasse Torchonnerie Troussaie Vauvelle
    Vrillette Bouvardière Planchette Pinsonnière Maillardière Davière Gendronnière""")
FIELDS_M = words_of("""Barthas Bosquet Breuil Bouchet Bourget Brouillet Cailloux Cap Causse Cazal Cers Chambon
    Champeau Charmois
    Chatelet Cluzel Colombet Corbier Coudray Courtil Coustou Crouzet Daffoy Deffend Fau Fayet Fouilloux Fresnoy
    Garric Gravier Guilhem Jonchet Lavardin Luc Malpas Marchais Mazel Mesnil Mounard Murger Noyeret Palais
    Parrot Pâtis Pech Perray Pinet Plessis Pouget Puech Quesnoy Quesnel Ribeyrol Rouget Roussel Rouvray Sablon
    Salut Sauzet Sorbet Souleillou Tertre Teil Theil Tillet Touron Tremblay Triolet Vaudreuil Vernay Vignal
    Villaret Vivier Bournat Belloy Bel-Essart Bréau Buquet Carouge Cormier Dognon Fourneau Frémoy Genevray
    Grippet Hamel Hallier Houssay Lannou Manoury Méridon Menhir Penquer Poulfanc Roz Styval Stang Trévoux
    Kervégan Kermeur Kerlann Goariva Resto Moustoir""")
MONTHS = words_of("Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre")
DATES = names_of(
    """8 Mai 1945|11 Novembre 1918|14 Juillet|11 Novembre|19 Mars 1962|8 Mai|4 Septembre|18 Juin 1940|1er Mai
    |6 Juin 1944|19 Mars|18 Juin|Onze Novembre|Huit Mai 1945|14 Juillet 1789|25 Août 1944|Quatre Septembre
    |22 Novembre 1944|5 Décembre|2 Février 1945|Quatorze Juillet|15 Août 1944|Onze Novembre 1918|27 Août
    |24 Février 1848|3 Septembre|Premier Mai|26 Août 1944|19 Novembre|10 Août|29 Juillet|Huit Mai|20 Août 1944
    |Dix-Neuf Mars 1962|16 Novembre|9 Juillet"""
)
# An h that is mute; before every other h there is no elision (de la Halle).
MUTE_H = frozenset(
    words_of("""habitat habitation haleine hameçon harmonie hébergement hélice héliotrope hémisphère herbe
    herbier herberie
    hérault hérédité hermine hermitage heure hippodrome hippocampe hippolyte hirondelle histoire hiver homme
    hommage honfleur honneur honoré hôpital horizon horloge hortensia hospice hôtel huile huilerie huître
    humanité huveaune hyères hydre hydravion hélianthe hélène henriette hermès hyacinthe hymne haltère
    hameçonnerie habsheim héricy hémery""")
)
FOREIGN = names_of(
    """Händel|Citroën|Peñaranda|Düren|L‘Haÿ-les-Roses|Aÿ|Müllheim|Würzburg|Nuñez|Überlingen|Staël|Noë|Israël
    |Jordaëns|Dürer|Lübeck|España|Coruña|Münster|Nürtingen|Ægidius|Cæsar|Lætitia|Œdipe|Œuvre|Âge d‘Or|Ça Ira
    |Être|Ère Nouvelle|Ô Mer|Ÿ|Païs|Naïade|Moÿ|Croÿ|Louÿs|Thaïs|Caïn|Ïle|Saül|Ürün|Esaü|Häsingen|Bäcker|Wäldele
    |Ëlie|Ûle|Ùna|Èze|Évêque"""
)
# What FSNS's charset has and no street name needs; `rare_name` brings them in.
PAIRS = ("()", "[]", "{}", "<>", "“”", '""', "«»")
MARKS = tuple("/&+=|_—-,;:.!?*#%$€£@©®\\°")
RARE_LETTERS = tuple("äñïëÿüœæùûôîâêÜÆŒÇÀÂÈÊËÎÏÔÙÛŸÉkKwWzZxXyYqQjJ")
