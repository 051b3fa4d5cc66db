"""The persons French streets are called after, the commonest of each list first; written as `street_words` says."""

from attention_ocr.render.signs.street_words import names_of, words_of

FAMOUS = names_of(
    """Victor Hugo|Jean Jaurès|Pasteur|Émile Zola|Jean Moulin|Jules Ferry|Gambetta|Louis Pasteur|Georges Clemenceau
    |Jules Verne|Anatole France|Voltaire|Aristide Briand|Pierre Curie|Marie Curie|Pierre et Marie Curie
    |Jeanne d‘Arc|Jacques Prévert|Antoine de Saint-Exupéry|Saint-Exupéry|Albert Camus|François Mitterrand
    |Pablo Picasso|Molière|Georges Brassens|Jean Mermoz|Claude Monet|Paul Cézanne|Auguste Renoir
    |Frédéric Mistral|Alphonse Daudet|Racine|Alphonse de Lamartine|Lamartine|Honoré de Balzac|Balzac|George Sand
    |Paul Verlaine|Arthur Rimbaud|Henri Barbusse|Charles Baudelaire|Guy de Maupassant|Gustave Flaubert
    |Hector Berlioz|Maurice Ravel|Claude Debussy|Georges Bizet|Charles Gounod|Camille Saint-Saëns
    |Frédéric Chopin|Mozart|Beethoven|Thiers|Carnot|Sadi Carnot|Léon Blum|Pierre Mendès France|Paul Bert
    |Paul Doumer|Raymond Poincaré|Félix Faure|Edgar Quinet|Jules Guesde|Pierre Semard|Marcel Cachin|Gabriel Péri
    |Guy Môquet|Danielle Casanova|Maurice Thorez|Paul Vaillant Couturier|Ambroise Croizat|Salvador Allende
    |Nelson Mandela|Martin Luther King|John Kennedy|Franklin Roosevelt|Winston Churchill|Descartes|Jean Macé
    |Jean-Jacques Rousseau|Denis Diderot|Montesquieu|Blaise Pascal|René Descartes|Pierre Corneille|Boileau
    |La Fontaine|Jean de La Fontaine|Michel de Montaigne|Pierre de Ronsard|Joachim du Bellay|François Rabelais
    |Clément Marot|Alfred de Musset|Alfred de Vigny|Théophile Gautier|Gérard de Nerval|Stéphane Mallarmé
    |Stendhal|Paul Valéry|Guillaume Apollinaire|Louis Aragon|Paul Éluard|Robert Desnos|Max Jacob|Marcel Pagnol
    |Jean Giono|Marcel Proust|Colette|André Gide|André Malraux|François Mauriac|Jean Cocteau|Boris Vian
    |Romain Rolland|Edmond Rostand|Jacques Brel|Édith Piaf|Charles Trenet|Maurice Chevalier|Gérard Philipe
    |Louis Jouvet|Jean Vilar|Jean Gabin|Louis Lumière|Léonard de Vinci|Michel Ange|Vincent Van Gogh|Paul Gauguin
    |Toulouse Lautrec|Édouard Manet|Henri Matisse|Georges Braque|Fernand Léger|Edgar Degas|Camille Pissarro
    |Alfred Sisley|Eugène Delacroix|Ingres|Gustave Courbet|Camille Corot|Jean-François Millet|Auguste Rodin
    |Camille Claudel|Gustave Eiffel|Viollet le Duc|Le Corbusier|Vauban|Colbert|Richelieu|Mazarin|Sully|Turenne
    |Condé|Duguesclin|Bayard|Jean Bart|Surcouf|Duquesne|Jacques Cartier|La Pérouse|Bougainville
    |Christophe Colomb|Magellan|Vasco de Gama|Marco Polo|Mirabeau|Danton|Robespierre|Marat|Saint-Just|La Fayette
    |Lafayette|Kléber|Marceau|Hoche|Ney|Murat|Bugeaud|Mac Mahon|Faidherbe|Lavoisier|Ampère|André Ampère|Volta
    |Arago|François Arago|Denis Papin|Gay Lussac|Claude Bernard|Marcelin Berthelot|Buffon|Parmentier|Jacquard
    |Nicéphore Niépce|Louis Braille|Ambroise Paré|Laennec|Henri Becquerel|Isaac Newton|Albert Einstein|Galilée
    |Copernic|Louis Blériot|Clément Ader|Roland Garros|Hélène Boucher|Maryse Bastié|Charles Lindbergh
    |Georges Guynemer|Nungesser et Coli|Youri Gagarine|Jean-Baptiste Clément|Louise Michel|Eugène Pottier
    |Auguste Blanqui|Proudhon|Babeuf|Karl Marx|Flora Tristan|Olympe de Gouges|Simone Veil|Rosa Parks
    |Simone de Beauvoir|Lucie Aubrac|Joséphine Baker|Ferdinand Buisson|Waldeck Rousseau|Camille Pelletan
    |Ledru Rollin|Victor Schoelcher|Toussaint Louverture|Lazare Carnot|Benjamin Franklin|Abraham Lincoln
    |Washington|Garibaldi|Jean Monnet|Robert Schuman|Pierre Brossolette|Honoré d‘Estienne d‘Orves
    |Missak Manouchian|Louis Armand|Marc Seguin|Ferdinand de Lesseps|Bernard Palissy|Olivier de Serres
    |Jean Rostand|Jean Perrin|Paul Langevin|Frédéric Joliot Curie|Irène Joliot Curie|Madame de Sévigné
    |Madame de Staël|Cyrano de Bergerac|D‘Artagnan|D‘Alembert|Charles de Foucauld|Vincent Auriol|Édouard Herriot
    |Charles Péguy|Alain Fournier|Roger Salengro|Édouard Vaillant|Marcel Sembat|Jean Lurçat|Raoul Dufy
    |Nicolas Poussin|Watteau|Fragonard|Chardin|Rameau|Lully|François Couperin|Gabriel Fauré|Erik Satie
    |Jules Massenet|Jacques Offenbach|Giuseppe Verdi|Vivaldi|Richard Wagner|Franz Schubert"""
)
MEN = words_of("""Jean Pierre Louis Paul Henri Georges André Charles Jacques Marcel René Émile Jules François
    Albert Maurice
    Robert Joseph Roger Michel Lucien Raymond Antoine Eugène Auguste Alfred Léon Gaston Édouard Victor Fernand
    Gabriel Gustave Claude Étienne Félix Ernest Philippe Alexandre Edmond Raoul Marius Julien Daniel Benoît
    Camille Baptiste Alphonse Ferdinand Frédéric Gilbert Guy Gérard Hippolyte Honoré Hubert Hugues Jérôme
    Laurent Léonce Léopold Lionel Marc Martin Mathieu Maxime Nicolas Octave Olivier Pascal Patrice Prosper Rémi
    Richard Roland Romain Sébastien Simon Stéphane Sylvain Théodore Théophile Thomas Urbain Valentin Vincent
    Xavier Yves Yvon Achille Adrien Aimé Alain Ambroise Anatole Armand Arnaud Arthur Aristide Bernard Bertrand
    Blaise Bruno Célestin César Christian Christophe Clément Constant Denis Désiré Didier Dominique Edgar Elie
    Emmanuel Fabien Firmin Florent Francis Germain Gilles Grégoire Guillaume Gustave Hector Hervé Horace Ignace
    Isidore Jean-Baptiste Jean-Claude Jean-Louis Jean-Marie Jean-Paul Jean-Pierre Joachim Joël Justin Kléber
    Lazare Noël Norbert Pierre-Marie Quentin Raphaël Régis Rodolphe Samuel Serge Séverin Sixte Tristan Vivien
    Wilfrid Zacharie Yann Loïc Corentin Gwenaël Baudouin Gaëtan Ismaël Médard Onésime Ulysse""")
WOMEN = words_of("""Marie Jeanne Louise Marguerite Simone Suzanne Germaine Hélène Madeleine Lucie Anne
    Catherine Berthe Marthe
    Juliette Alice Émilie Élisa Françoise Geneviève Gabrielle Henriette Irène Jacqueline Joséphine Julie
    Lucienne Marcelle Mathilde Odette Pauline Renée Rose Rosa Thérèse Yvonne Agathe Agnès Blanche Cécile
    Charlotte Claire Clémence Colette Denise Edmée Éléonore Élisabeth Eugénie Flora Hortense Inès Isabelle
    Léonie Lise Mélanie Nathalie Noémie Olympe Sophie Sylvie Valentine Victoire Zoé Zélie Anne-Marie
    Marie-Louise Marie-Thérèse Zoë Anaïs""")
SURNAMES = words_of("""Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent
    Lefebvre Michel Garcia
    Bertrand Roux Vincent Fournier Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet François Martinez
    Legrand Garnier Faure Rousseau Blanc Guérin Muller Henry Roussel Nicolas Perrin Morin Mathieu Clément
    Gauthier Dumont Lopez Fontaine Chevalier Robin Masson Sanchez Gérard Nguyen Boyer Denis Lemaire Duval Joly
    Gautier Roger Roche Roy Noël Meyer Lucas Meunier Jean Perez Marchand Dufour Blanchard Marie Barbier Brun
    Dumas Brunet Schmitt Leroux Colas Fernandez Renard Arnaud Rolland Caron Aubert Giraud Leclerc Vidal
    Bourgeois Renaud Lemoine Picard Gaillard Philippe Leclercq Lacroix Fabre Dupuis Olivier Rodriguez Hubert
    Louis Charles Guillot Rivière Le_Gall Guillaume Adam Rey Moulin Gonzalez Berger Lecomte Menard Fleury
    Deschamps Carpentier Julien Benoît Paris Maillard Marchal Aubry Vasseur Le_Roux Renault Petitjean Collet
    Prévost Poirier Charpentier Royer Huet Baron Dupuy Pons Paul Laine Carre Breton Rémy Schneider Perrot Guyot
    Barre Marty Cousin Le_Goff Besson Bertin Chauvin Hamon Briand Lebrun Mallet Rousselot Bouvier Bailly Cordier
    Jacob Pelletier Chartier Delmas Tessier Étienne Baudry Ferrand Hoarau Gros Millet Camus Coulon Germain
    Delaunay Prat Lesage Maury Gillet Tanguy Bazin Bigot Blondel Bodin Boulanger Bousquet Bouchet Boucher
    Brossard Buisson Cartier Chabrol Chambon Charrier Chauvet Chollet Combes Cornet Costa Courtois Coutant
    Crépin Dauphin David Delage Delattre Descamps Devaux Diot Doucet Drouet Ducros Duhamel Dulac Duchêne Esnault
    Évrard Fabry Favier Fayolle Ferry Feuillet Flament Forestier Foucher Fouquet Fresnel Fréville Gaudin Gentil
    Gervais Gilbert Godard Gosselin Grandjean Grenier Grimaud Guichard Guignard Guillemin Hébert Hémery Herbin
    Hervieu Hoffmann Humbert Imbert Jacquet Jamet Jaubert Jourdain Jouanneau Juillet Kerautret Kermorgant Klein
    Labbé Labrousse Lacaze Lacombe Lafon Lagarde Lagrange Lamarque Lamy Landais Langlois Laporte Lasserre Launay
    Lavigne Lebas Leblanc Leblond Lebreton Leconte Ledoux Lefort Lefranc Léger Legros Lejeune Lelièvre Lelong
    Lemercier Lemonnier Lenoir Lepage Lesueur Levasseur Levêque Loiseau Lombard Maignan Malet Marais Maréchal
    Mariette Marquet Marion Marsan Massé Maurel Mazet Merlin Merle Mignon Monnet Monnier Montagne Mouton Navarre
    Neveu Nollet Ollivier Pagès Parent Parisot Pascal Paquet Pasquier Payen Peltier Périer Perret Pichon Pillet
    Pinson Poisson Poncet Pottier Poulain Pouget Prieur Prigent Quentin Quéré Rambaud Raynaud Regnault Renaudin
    Ribot Ricard Rigaud Rivet Rochette Rondeau Rossi Rouault Rouget Rouquette Sabatier Salmon Samson Sauvage
    Savary Seguin Serre Simonet Soulier Tardieu Teissier Texier Thibault Thierry Thiébaut Tissot Toussaint
    Tournier Trouvé Turpin Vaillant Valentin Valette Vallet Verdier Verger Vernet Viard Viaud Vigneron Villard
    Villeneuve Voisin Weber Wagner Walter Zimmermann Ziegler Yvon Bizien Cloarec Guéguen Kerbrat Le_Bihan
    Le_Floch Quillien Riou Etcheverry Haristoy Iribarne Casanova Paoli Santoni Barthélémy Castelnau Puig Ribes
    Sarda Vila Keller Kuntz Schwartz Wolff Vandamme Vanhoutte Delannoy Deleplanque Delporte Lheureux Wattel""")
# Title with its short form, its gender and plural or not, and the surnames that go with it.
TITLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Général", "Gal", names_of("Leclerc|de Gaulle|Kœnig|Mangin|Foy|Delestraint|de Castelnau|Sarrail|Galliéni|Hoche")),
    (
        "Docteur",
        "Dr",
        names_of("Roux|Calmette|Schweitzer|Albert Schweitzer|Laennec|Charcot|Émile Roux|Guillotin|Villermé"),
    ),
    ("Maréchal", "Mal", names_of("Foch|Leclerc|Joffre|Juin|de Lattre de Tassigny|Lyautey|Galliéni|Fayolle|Lannes|Ney")),
    ("Président", "Pdt", names_of("Wilson|Kennedy|Roosevelt|Carnot|Coty|Doumer|Allende|Poincaré|Pompidou|Fallières")),
    ("Abbé", "Abbé", names_of("Grégoire|Pierre|de l‘Épée|Lemire|Bonnet|Guérin|Prévost|Breuil|Cochet")),
    ("Colonel", "Cel", names_of("Fabien|Driant|Rol-Tanguy|Moll|Denfert|Arnaud Beltrame|Bourgoin|Picot|Avia")),
    (
        "Commandant",
        "Cdt",
        names_of("Charcot|Cousteau|Rivière|Marchand|L‘Herminier|Mouchotte|Lamy|Drogou|René Mouchotte"),
    ),
    ("Capitaine", "Cne", names_of("Guynemer|Ferber|Dreyfus|Nemo|Georges Madon|Scott|Flayelle|Jaspart|Ménard")),
    ("Lieutenant", "Lt", names_of("Colin|Herpin|Batany|Chancel|Lapeyre|Carré|Paul Lemaire|Froidurot|Aubry")),
    ("Professeur", "Pr", names_of("Calmette|Langevin|Émile Sergent|Jeanneney|Ramon|Leriche|Bergonié|Florian|Debré")),
    ("Amiral", "Amiral", names_of("Courbet|Ronarc‘h|Mouchez|Roussin|de Grasse|Nelson|Hamelin|Guépratte|Cécille")),
    ("Sergent", "Sgt", names_of("Bobillot|Bauchat|Hoff|Blandan|Godefroy|Lenoir|Berthet|Louvrier")),
    ("Chanoine", "Chanoine", names_of("Kir|Collin|Dubois|Boulard|Rousselot|Viollet|Maurice Lelong|Aubert")),
    (
        "Père",
        "P.",
        names_of("Brottier|de Foucauld|Lacordaire|Chevrier|Marquette|Jean-Marie|Damien|Teilhard de Chardin"),
    ),
    ("Frère", "Fr.", names_of("Jean|Luc|Benoît|Roger|Antoine|Marie-Victorin|Hilaire|Sébastien")),
    ("Comte", "Cte", names_of("de Chambord|de Nice|de Paris|d‘Estaing|de Maistre|Raoul|de Provence")),
    ("Duc", "Duc", names_of("d‘Aumale|de Berry|de Lorraine|d‘Orléans|de Bourgogne|de Rohan|Jean")),
    ("Baron", "Bon", names_of("Louis|Haussmann|Leroy|Le Roy|de Trétaigne|Larrey|de Coubertin|d‘Haussez")),
)
SISTERS = names_of("Reine|Princesse|Sœur|Mère|Comtesse|Duchesse|Marquise|Dame")
SISTER_NAMES = names_of(
    "Blanche|Marthe|Marie|Jeanne|Mathilde|Rosalie|Teresa|Anne|Astrid|Amélie|Élisabeth|Hortense|Clotilde|Berthe|Bathilde"
)
SAINTS = words_of("""Martin Jean Pierre Joseph Nicolas Louis Michel Vincent Antoine Laurent Étienne André
    Jacques Éloi Roch Paul
    Germain Georges Denis Hilaire Barthélemy Sébastien Christophe Maurice Julien Exupéry Honoré Médard Rémi Rémy
    Aubin Sulpice Clair Clément Benoît Bernard Blaise Brieuc Bruno Charles Claude Cyr Didier Dominique Eustache
    Fiacre Firmin Florent François Gabriel Genès Gervais Gilles Guénolé Guillaume Hippolyte Hubert Irénée Jérôme
    Jude Léger Léonard Léon Leu Lô Lazare Luc Malo Marc Marcel Mathurin Maur Maixent Ouen Pancrace Patrice
    Philibert Pol Pothin Quentin Raphaël Romain Saturnin Savournin Séverin Simon Sernin Sever Symphorien
    Thibault Thomas Urbain Ursin Vaast Valéry Victor Vivien Yves Cloud Fargeau Mandé Maclou Nazaire Omer Tugdual
    Ferréol Amand Agnan Bonnet""")
HOLY_WOMEN = words_of("""Anne Marie Catherine Geneviève Barbe Marthe Cécile Marguerite Claire Thérèse Jeanne
    Lucie Eulalie Agathe
    Agnès Bernadette Brigitte Clotilde Colombe Croix Élisabeth Eugénie Foy Germaine Hélène Julitte Madeleine
    Monique Odile Opportune Radegonde Rose Rita Ursule Victoire Apolline Aurélie Blandine""")
RULERS = names_of(
    """Henri IV|Louis XIV|François Ier|Louis XVI|Charles V|Jean XXIII|Henri II|Louis XIII|Philippe Auguste
    |Charles VII|Louis XI|Louis XII|Louis XV|Louis XVIII|Henri III|Charles X|Napoléon Ier|Napoléon III
    |Charles IX|Philippe IV|Pie X|Pie XI|Pie XII|Jean-Paul II|Léon XIII|Albert Ier|Léopold II|Édouard VII
    |Georges V|Alexandre III|Urbain V|Clément VI|Jean XXII|Philippe VI|Philippe II|Charles VIII|Charles III
    |Léopold Ier|Alphonse XIII|Élisabeth II|Guillaume III"""
)
