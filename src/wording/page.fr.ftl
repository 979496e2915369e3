# Tous les mots de la page en français. page.en.ftl a les mêmes messages avec les mêmes arguments ; un test les compare.

## Cadre

page-skip = Aller au contenu
page-nav = Vues
page-language = Langue
page-nav-overview = Vue d’ensemble
page-nav-alerts = Alertes
page-nav-outbox = Envois
page-nav-silences = Silences
page-nav-calendars = Calendriers
page-nav-problems = Données à corriger
page-not-there = Introuvable
page-not-there-text = Il n’y a rien à cette adresse : ni vue, ni dossier, ni calendrier.
page-bad-address = Cette adresse dit une chose impossible
page-bad-parameter = { $name } : trouvé « { $found } », attendu { $expected }
page-unavailable = La base de données ne répond pas
page-unavailable-text = Rien n’est perdu : les retards sont trouvés dès qu’elle répond de nouveau. Réessayez dans un instant.
page-broken = Cette vue ne peut pas être affichée
page-broken-text = Le journal de claimwatch dit pourquoi.
page-any = tous
page-as-table = Sous forme de tableau
page-pages = Pages
page-first = Première page
page-next = Page suivante

## Vue d’ensemble

page-tile-late = en retard
page-tile-risk = à risque
page-tile-unanswered = en retard, sans personne dessus
page-tile-held = { $count ->
    [one] retenue
   *[other] retenues
}
page-tile-problems = { $count ->
    [one] donnée à corriger
   *[other] données à corriger
}
page-tile-dead = { $count ->
    [one] message abandonné
   *[other] messages abandonnés
}
page-worst = Les pires cas
page-all-alerts = Toutes les alertes ouvertes
page-nothing-open = Rien n’est en retard, rien n’est à risque.
page-by-rule = Par règle
page-by-program = Par programme
page-by-level = Par niveau
page-level-count = niveau { $level } : { $count }
page-oldest = au plus { $late }
page-more-programs = { $count ->
    [one] { $count } autre programme en a moins.
   *[other] { $count } autres programmes en ont moins.
}
page-days = Les 30 derniers jours
page-chart-moved = Dépassements par jour (UTC)
page-chart-open = En retard à la fin de chaque jour (UTC)
page-opened = ouverts
page-resolved-label = résolus
page-open-at-end = en retard à la fin
page-day = Jour
page-no-days = Rien n’a été en retard ces 30 derniers jours.
page-health = État du service
page-ok = bon
page-wrong = mauvais
page-last-scan = Dernier passage
page-no-scan = aucun encore
page-running = { $rule }, en cours
page-clocks = { $count ->
    [one] { $count } délai
   *[other] { $count } délais
}
page-calendar-name = Calendrier { $calendar }
page-known-until = jours fériés connus jusqu’au { $day }
page-known-always = sans fin

## Alertes

page-rule = Règle
page-claim = Dossier
page-late = en retard
page-at-risk = à risque
page-held = retenues
page-stands = Retard
page-level = Niveau
page-who = Prise en charge
page-state-label = État
page-search = Rechercher
page-sort = Ordre
page-show = Afficher
page-reset = Tout afficher
page-found = { $count ->
    [0] Aucune alerte
    [one] { $count } alerte
   *[other] { $count } alertes
}
page-found-more = Plus de { $count } alertes
page-nothing-found = Aucune alerte ne correspond.
page-which-open = ouvertes
page-which-at-risk = à risque
page-which-breached = en retard
page-which-held = retenues
page-which-resolved = résolues
page-answer-nothing = personne, et éveillées
page-answer-unacknowledged = personne
page-answer-acknowledged = prises en charge
page-answer-snoozed = en sommeil
page-sort-worst = les pires d’abord
page-sort-due = échéance la plus ancienne d’abord
page-sort-due-last = échéance la plus récente d’abord
page-sort-amount = plus grand montant d’abord, par devise
page-sort-claim = par dossier
page-sort-program = par programme
page-sort-partner = par partenaire
page-sort-resolved = les dernières résolues
page-left = { $count ->
    [0] échéance dans moins d’un jour ouvré
    [one] encore { $count } jour ouvré
   *[other] encore { $count } jours ouvrés
}
page-state = { $state ->
    [at_risk] à risque
    [breached] en retard
   *[resolved] résolue
}
page-resolved = { $how ->
    [met] à temps
    [late] fait en retard
    [restarted] recommencé
   *[withdrawn] retirée
}
page-mark-held = retenue : est-elle juste ?
page-mark-acknowledged = { $who }
page-mark-promised = { $who }, promis pour le { $until }
page-mark-snoozed = en sommeil jusqu’au { $until }
page-mark-silenced = sous silence jusqu’au { $until }
page-mark-backfilled = d’après l’historique

## Un dossier

page-gone = absent de la source
page-amount = Montant
page-links = Liens
page-claim-elsewhere = La page du dossier
page-help = Aide
page-clocks-now = Délais
page-clocks-past = Délais antérieurs
page-other-rules = Règles qui ne le surveillent pas
page-no-clock = Aucun délai ne court.
page-no-alert = Il n’y a jamais eu d’alerte.
page-started = Début
page-stopped = Fin
page-versions = Compté d’après
page-reason = Raison
page-differs = L’alerte a été comptée avec un autre calendrier ou un autre délai que ceux d’aujourd’hui.
page-verdict = { $verdict ->
    [unwatched] non surveillé
    [never-started] jamais commencé
    [no-start] court, mais sans début
    [not-begun] pas encore commencé
    [running] en cours
    [at-risk] à risque
    [breached] en retard
    [met] fait à temps
    [late] fait en retard
    [stopped] terminé, à temps ou non : on ne sait pas
    [restarted] recommencé
   *[withdrawn] retiré
}
page-day-start = début, non compté
page-day-counted = jour { $number } du compte
page-day-due = jour { $number }, à la fin duquel tombe l’échéance
page-day-weekend = week-end
page-day-holiday = jour férié
page-day-holiday-on-weekend = jour férié pendant un week-end
page-day-estimated = jour férié dont la date peut encore changer
page-day-worked = jour de repos travaillé
page-day-working = jour travaillé
page-day-none = jour inexistant
page-key-counted = compté
page-key-due = échéance
page-events = { $count ->
    [one] { $count } événement
   *[other] { $count } événements
}
page-events-label = Événements
page-when = Quand
page-what = Quoi
page-by-whom = Par
page-detail = Détail
page-until = jusqu’au { $instant }
page-due-at = échéance { $instant }
page-level-number = niveau { $level }
page-opening = { $how ->
    [inherited] en retard avant toute surveillance
    [backfilled] d’après l’historique
   *[other] { $how }
}
page-event = { $kind ->
    [opened] ouverte
    [breached] devenue en retard
    [reopened] rouverte
    [escalated] annoncée
    [reminded] rappelée
    [acknowledged] prise en charge
    [unacknowledged] n’est plus prise en charge
    [snoozed] mise en sommeil
    [unsnoozed] réveillée
    [silenced] mise sous silence
    [unsilenced] n’est plus sous silence
    [kept_back] gardée par un silence
    [released] libérée
    [moved] échéance déplacée
    [resolved] résolue
   *[other] { $kind }
}
page-more-alerts = { $count ->
    [one] { $count } autre alerte est plus ancienne.
   *[other] { $count } autres alertes sont plus anciennes.
}
page-lines = Lignes de paiement
page-lines-count = { $count ->
    [one] { $count } ligne de paiement
   *[other] { $count } lignes de paiement
}
page-paid = Payé
page-unpaid = pas encore
page-mails = Messages à son sujet
page-history = Historique

## Envois, silences, calendriers, données à corriger

page-disabled = Adresses refusées : rien ne leur est envoyé
page-recipient = Destinataire
page-subject = Objet
page-decided = Décidé
page-sent-when = Envoyé
page-next-attempt = prochain essai { $instant }
page-answer-of-server = Réponse du serveur
page-no-delivery = Aucun message ne correspond.
page-delivery = { $state ->
    [pending] en attente
    [sent] envoyé
    [dead] abandonné
    [settled] réglé avant l’envoi
    [folded] dans un message plus récent
   *[other] { $state }
}
page-matches = Alertes avec
page-in-force = en vigueur
page-over = terminé
page-from = Du
page-until-label = Au
page-expired-by = terminé par { $who }
page-no-silence = Rien n’est sous silence, et rien ne l’a été.
page-more-silences = { $count ->
    [one] { $count } autre est terminé ; le fichier CSV les a tous.
   *[other] { $count } autres sont terminés ; le fichier CSV les a tous.
}
page-years = Années
page-special-days = Jours qui ne sont pas comme chaque semaine
page-name = Nom
page-source = D’après
page-zone = Fuseau horaire
page-known = Connu jusqu’au
page-version = Version
page-always = sans fin
page-default = par défaut
page-since = Depuis
page-no-problem = Chaque dossier peut être surveillé comme il se doit.
page-problem = { $kind ->
    [missing_start] son début manque
    [unknown_status] statut inconnu
    [unknown_program] programme inconnu
    [unknown_calendar] calendrier inconnu
    [unreadable] illisible
    [beyond_calendar] au-delà de la fin du calendrier
   *[other] { $kind }
}
