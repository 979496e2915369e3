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
page-coming = À venir
page-chart-coming = Délais qui expirent les jours à venir
page-busiest = surtout { $days }
page-deadlines = Délais
page-expected-late = En retard, selon la tendance
page-nothing-coming = Rien n’expire les prochains jours ouvrés.
page-coming-note = Au { $instant }. { $count ->
    [0] Rien n’expire plus tard.
    [one] { $count } délai expire plus tard.
   *[other] { $count } délais expirent plus tard.
} Selon la tendance : autant que parmi ceux du même âge.
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

## Se connecter et répondre

page-sign-in = Se connecter
page-sign-out = Se déconnecter
page-reads-only = lecture seule
page-sign-in-to-answer = Se connecter pour répondre
page-sign-in-text = Avec un jeton que quelqu’un a créé pour vous par « claimwatch token add ». Ce que vous faites est enregistré à son nom. Vous restez connecté douze heures au plus.
page-token = Jeton
page-token-refused = Ce n’est pas un jeton, ou il a pris fin ou a été révoqué.
page-signed-out = Vous n’êtes pas connecté
page-signed-out-text = Votre session a pris fin, ou n’a jamais commencé. Rien n’a été modifié.
page-read-only = Votre jeton ne permet que de lire
page-read-only-text = Rien n’a été modifié : répondre demande un jeton de portée « write ».
page-foreign = Ce formulaire n’est pas de votre session
page-foreign-text = Rien n’a été modifié. Revenez en arrière, rechargez la page et envoyez le formulaire depuis celle-ci.
page-link-broken = Ce lien n’est pas complet
page-link-broken-text = Il n’est pas tel qu’il était dans le message : copiez-le en entier, ou ouvrez-le depuis celui-ci. Rien n’a été modifié.
page-link-ended = Ce lien a pris fin
page-link-ended-text = Le lien d’un message vaut 30 jours, tant que ce qu’il concerne est conservé. Rien n’a été modifié ; répondez sur la page, ou par le lien d’un message plus récent.
page-link-text = Vous répondez en tant que { $who }, pour cette seule alerte.
page-link-resolved = Elle est résolue : il ne reste rien à répondre.
page-choose = Choisir
page-choose-one = Choisir { $claim }, { $rule }
page-do = Agir
page-answer-one = Répondre
page-answer-chosen = Répondre à ce qui est choisi
page-back-to-alerts = Retour aux alertes
page-promise = Fait avant la fin du
page-quiet = Silence jusqu’au début du
page-acknowledge = Prendre en charge
page-unacknowledge = Retirer la prise en charge
page-snooze = Mettre en veille
page-unsnooze = Mettre fin à la veille
page-nothing-chosen = Rien n’a été modifié : aucune alerte n’a été choisie, ou aucune de celles choisies n’existe plus.
page-mistake = Rien n’a été modifié. { $field ->
    [promise] Fait avant la fin du : trouvé « { $found } », attendu un jour tel que 2026-12-01.
    [quiet] Silence jusqu’au : trouvé « { $found } », attendu un jour tel que 2026-12-01.
   *[other] Note : trouvé « { $found } », attendu une ligne de 600 caractères au plus.
}
page-refused = Rien n’a été modifié. { $why ->
    [promise_past] Le jour promis est passé ; attendu aujourd’hui ou un jour à venir.
    [quiet_past] Ce jour a commencé ; attendu un jour à venir.
    [not_acknowledged] { $count ->
        [one] Elle n’est pas (ou plus) prise en charge.
       *[other] Aucune n’est (ou n’est plus) prise en charge.
    }
    [not_snoozed] { $count ->
        [one] Elle n’est pas (ou plus) en veille.
       *[other] Aucune n’est (ou n’est plus) en veille.
    }
   *[other] { $count ->
        [one] Elle a été résolue entre-temps.
       *[other] Toutes ont été résolues entre-temps.
    }
}
page-ask-answer = { $deed ->
    [acknowledged] Prendre en charge { $count } alertes, en promettant que tout est fait avant la fin du { $day } ?
    [snoozed] Mettre { $count } alertes en veille jusqu’au début du { $day } ?
    [unsnoozed] Mettre fin à la veille de { $count } alertes ?
   *[other] Retirer la prise en charge de { $count } alertes ?
}
page-yes = Oui, toutes les { $count }
page-no = Non, ne rien modifier
page-changed-meanwhile = Le nombre a changé entre-temps. Rien n’est encore fait : regardez à nouveau.
page-silence-add = Taire ce qui correspond
page-silence-hint = * remplace un texte quelconque et ? un caractère. Une alerte doit correspondre à chaque motif donné ; avant tout enregistrement, vous voyez combien y correspondent.
page-silence-preview = Montrer ce qui correspond
page-silence-save = Enregistrer ce silence
page-silence-expire = Y mettre fin
page-silence-matches = { $count ->
    [0] Aucune alerte ouverte ne correspond à présent. Celle qui s’ouvrira et correspondra sera tue.
    [one] { $count } alerte ouverte correspond, comme celles qui s’ouvriront.
   *[other] { $count } alertes ouvertes correspondent, comme celles qui s’ouvriront.
}
page-silence-until = Rien n’en est dit jusqu’au { $until } ; ensuite, ce qui reste en retard est signalé.
page-silence-mistake = Rien n’a été enregistré. { $field ->
    [matcher] Trouvé aucun motif, attendu au moins un : de la règle, du programme, du partenaire, de l’entité ou de la demande.
    [until] Silence jusqu’au : trouvé « { $found } », attendu un jour à venir tel que 2026-12-01.
    [reason] Raison : trouvé « { $found } », attendu une ligne de 1 à 300 caractères.
   *[other] { $field } : trouvé « { $found } », attendu une ligne de 300 caractères au plus.
}
page-ask-silence = Enregistrer ce silence ?
page-ask-expire = Mettre fin à ce silence ?
page-expire-says = { $count ->
    [0] Aucune alerte ouverte n’y correspond. Cela ne s’annule pas : un nouveau silence en serait un autre.
    [one] { $count } alerte ouverte y correspond, et le prochain examen la signale si elle est en retard. Cela ne s’annule pas.
   *[other] { $count } alertes ouvertes y correspondent, et le prochain examen les signale si elles sont en retard. Cela ne s’annule pas.
}
page-held-title = { $count ->
    [one] { $count } alerte est retenue
   *[other] { $count } alertes sont retenues
}
page-held-text = Un examen en a ouvert beaucoup plus que d’habitude : rien n’en est dit tant que personne ne dit si elles sont justes, ou fausses.
page-release = Elles sont justes : les libérer
page-discard = Elles sont fausses : les écarter
page-ask-held = { $deed ->
    [released] { $count ->
        [one] Libérer { $count } alerte ?
       *[other] Libérer { $count } alertes ?
    }
   *[other] { $count ->
        [one] Écarter { $count } alerte ?
       *[other] Écarter { $count } alertes ?
    }
}
page-held-says = { $deed ->
    [released] Le prochain examen aux heures d’envoi les signale toutes, comme les autres. Ce qui est dit ne s’annule pas.
   *[other] Toutes sont retirées, et rien n’en est dit. Ce qui reste en retard est regardé à nouveau par le prochain examen. Cela ne s’annule pas.
}
page-held-do = { $deed ->
    [released] En libérer { $count }
   *[other] En écarter { $count }
}
page-retry = Renvoyer
page-enable = Y envoyer à nouveau
page-done = { $deed ->
    [acknowledged] { $count ->
        [0] Rien n’a été pris en charge
        [one] { $count } alerte est prise en charge
       *[other] { $count } alertes sont prises en charge
    }
    [unacknowledged] { $count ->
        [0] Aucune prise en charge n’a été retirée
        [one] La prise en charge de { $count } alerte est retirée
       *[other] La prise en charge de { $count } alertes est retirée
    }
    [snoozed] { $count ->
        [0] Rien n’a été mis en veille
        [one] { $count } alerte est en veille
       *[other] { $count } alertes sont en veille
    }
    [unsnoozed] { $count ->
        [0] Aucune veille n’a pris fin
        [one] { $count } alerte est à nouveau signalée
       *[other] { $count } alertes sont à nouveau signalées
    }
    [silenced] Le silence est enregistré
    [expired] { $count ->
        [0] Le silence avait déjà pris fin
       *[other] Le silence a pris fin
    }
    [retried] { $count ->
        [0] Rien à renvoyer : c’est parti entre-temps, ou il ne restait rien à dire
        [one] { $count } envoi est dû maintenant
       *[other] { $count } envois sont dus maintenant
    }
    [enabled] { $count ->
        [0] L’adresse est à nouveau bonne
        [one] L’adresse est à nouveau bonne ; { $count } envoi est dû maintenant
       *[other] L’adresse est à nouveau bonne ; { $count } envois sont dus maintenant
    }
    [released] { $count ->
        [0] Aucune alerte n’était plus retenue
        [one] { $count } alerte est libérée
       *[other] { $count } alertes sont libérées
    }
   *[other] { $count ->
        [0] Aucune alerte n’était plus retenue
        [one] { $count } alerte est écartée
       *[other] { $count } alertes sont écartées
    }
}
page-missed = { $count ->
    [one] Celle-ci est restée telle quelle : elle a été résolue ou a reçu une autre réponse entre-temps
   *[other] Ces { $count } sont restées telles quelles : elles ont été résolues ou ont reçu une autre réponse entre-temps
}
page-undo = Annuler
page-undo-note = { $deed ->
    [acknowledged] Annuler retire la prise en charge là où personne n’a répondu depuis. Une prise en charge antérieure qu’elle remplaçait ne revient pas.
    [snoozed] Annuler met fin à la veille là où personne n’a répondu depuis. Une veille antérieure qu’elle remplaçait ne revient pas.
    [silenced] Annuler met fin au silence : ce qu’il a retenu est signalé par le prochain examen.
    [unacknowledged] Cela ne s’annule pas : une promesse est redonnée par qui la tient.
    [unsnoozed] Cela ne s’annule pas : remettez en veille ce qui doit se taire.
    [expired] Cela ne s’annule pas : un nouveau silence en serait un autre.
    [retried] Cela ne s’annule pas : l’envoi part dès que le démon regarde.
    [enabled] Cela ne s’annule pas : l’adresse est désactivée à nouveau après trois autres refus.
    [released] Cela ne s’annule pas : le prochain examen les signale.
   *[other] Cela ne s’annule pas : elles sont retirées. Ce qui reste en retard, le prochain examen l’ouvre à nouveau.
}
page-go-on = Continuer
