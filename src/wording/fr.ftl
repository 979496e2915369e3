# Tous les mots que claimwatch écrit en français. Mêmes messages, mêmes arguments que en.ftl ; un test les compare.

## Numbers, names and lists

business-days = { $count ->
    [0] moins d’un jour ouvré
    [one] { $count } jour ouvré
   *[other] { $count } jours ouvrés
}
days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
}
business-days-late = { $count ->
    [0] moins d’un jour ouvré de retard
    [one] { $count } jour ouvré de retard
   *[other] { $count } jours ouvrés de retard
}
rule = { $rule ->
    [review] examen
    [dispute] contestation
    [payment] paiement
    [tax_invoice_payment] paiement après facture fiscale
   *[other] { $name }
}
rule-count = { $rule ->
    [review] { $count ->
        [one] { $count } examen
       *[other] { $count } examens
    }
    [dispute] { $count ->
        [one] { $count } contestation
       *[other] { $count } contestations
    }
    [payment] { $count ->
        [one] { $count } paiement
       *[other] { $count } paiements
    }
    [tax_invoice_payment] { $count ->
        [one] { $count } paiement après facture fiscale
       *[other] { $count } paiements après facture fiscale
    }
   *[other] { $count } × { $name }
}
status = { $status ->
    [editing] en cours de saisie
    [submitted] soumise
    [under_review] en cours d’examen
    [approved] approuvée
    [rejected] rejetée
    [action_required] action requise
    [disputed] contestée
    [partner_action_required] action du partenaire requise
   *[other] { $name }
}
list-comma = { $first }, { $next }
list-and = { $first } et { $last }
join-clauses = { $first } ; { $next }
labelled = { $label } : { $value }
quoted = « { $text } »

## Days and instants

weekday = { $day ->
    [1] lundi
    [2] mardi
    [3] mercredi
    [4] jeudi
    [5] vendredi
    [6] samedi
   *[7] dimanche
}
weekday-short = { $day ->
    [1] lun.
    [2] mar.
    [3] mer.
    [4] jeu.
    [5] ven.
    [6] sam.
   *[7] dim.
}
month = { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
}
month-short = { $month ->
    [1] janv.
    [2] févr.
    [3] mars
    [4] avr.
    [5] mai
    [6] juin
    [7] juil.
    [8] août
    [9] sept.
    [10] oct.
    [11] nov.
   *[12] déc.
}
day-of-month = { $day ->
    [1] 1er
   *[other] { $day }
}
date-long = { $weekday } { $day } { $month } { $year }
month-of-year = { $month } { $year }
instant = { $date } à { $time } ({ $offset })
instant-in-zone = { $date } à { $time } ({ $zone }, { $offset })

## Why a deadline is when it is

clock-started = { $rule ->
    [review] Soumise
    [dispute] Contestée
    [payment] Approuvée
    [tax_invoice_payment] Facture fiscale approuvée
   *[other] Départ du délai
}
days-each = { $count } ({ $days })
days-from-to = { $count } (du { $first } au { $last })
start-day-not-counted = ce jour-là ne compte pas
start-time-kept = compté jusqu’à la même heure
start-moved = jour non ouvré : compté à partir du début du { $day }
skipped-because = { $days } ({ $reason })
skipped-because-estimated = { $days } ({ $reason }) (estimé)
skipped-weekend = week-end
skipped-weekend-days = { $count ->
    [one] { $count } jour de week-end
   *[other] { $count } jours de week-end
}
skipped-holiday = jour férié
skipped-by-zone = jour que le fuseau horaire a sauté
skipped-more = { $count ->
    [one] et { $count } autre jour
   *[other] et { $count } autres jours
}
due-end-of-day = fin du { $date }
clause-due-at-end = échéance à la fin du { $date }
clause-due = échéance le { $instant }
clause-counted = comptés : { $days }
clause-skipped = sautés : { $days }
clause-started = { $started } le { $start }
calendar-chosen = { $by ->
    [program] { $calendar }, que nomme son programme
    [rule] { $calendar }, que nomme la règle
    [default] { $calendar }, celui par défaut
   *[other] { $calendar }
}
version-of-calendar = version { $version } du calendrier
version-of-zone-data = fuseaux horaires { $version }

note-last-day-moved = le dernier jour n’est pas ouvré, l’échéance est donc reportée au jour ouvré suivant
note-no-such-time = cette heure locale n’existe pas (passage à l’heure d’été) : l’échéance est le premier instant qui la suit
note-time-twice = cette heure locale existe deux fois (passage à l’heure d’hiver) : l’échéance est la première des deux
note-unknown-calendar = le calendrier { $unknown } n’est pas configuré ; { $serves } en tient lieu
note-beyond-end = { $source } ne connaît aucun jour férié après le { $until } : les jours suivants sont comptés sans eux
note-beyond-range = { $source } ne connaît les jours fériés que du { $from } au { $until } : les autres jours sont comptés sans eux

## Mail: subject, summary

subject = [claimwatch] { $what } en retard{ $total ->
    [one] {""} :
   *[other] {""} ; pire cas :
} { $claim }, { $days } (niveau { $level })
subject-reminder = [claimwatch] Rappel : { $what } en retard{ $total ->
    [one] {""} :
   *[other] {""} ; pire cas :
} { $claim }, { $days } (niveau { $level })
subject-inherited = [claimwatch] Reprise de l’existant : { $what } déjà en retard{ $total ->
    [one] {""} :
   *[other] {""} ; pire cas :
} { $claim }, { $days } (niveau { $level })
subject-resolved = [claimwatch] { $count ->
    [one] Alerte résolue : { $claim }
   *[other] { $count } alertes résolues : { $claim } et { $more ->
        [one] { $more } autre
       *[other] { $more } autres
    }
} (niveau { $level })
subject-resolved-count = [claimwatch] { $count ->
    [one] { $count } alerte résolue
   *[other] { $count } alertes résolues
} (niveau { $level })
subject-held = [claimwatch] Question : { $count ->
    [one] { $count } nouvelle alerte est-elle fondée ? Elle est retenue
   *[other] { $count } nouvelles alertes sont-elles fondées ? Elles sont retenues
} en attendant une réponse
subject-all-is-well = [claimwatch] Tout va bien : aucun retard sur { $running ->
    [one] { $running } délai en cours
   *[other] { $running } délais en cours
}
subject-nothing-late = [claimwatch] Aucun retard sur { $running ->
    [one] { $running } délai en cours
   *[other] { $running } délais en cours
} ; { $problems ->
    [one] { $problems } demande ne peut être entièrement classée
   *[other] { $problems } demandes ne peuvent être entièrement classées
}
subject-statement = [claimwatch] Point quotidien : { $late ->
    [one] { $late } retard
   *[other] { $late } retards
} sur { $running ->
    [one] { $running } délai en cours
   *[other] { $running } délais en cours
}
subject-undeliverable = [claimwatch] Non distribuable : { $count ->
    [one] { $address } refuse les messages
   *[other] { $count } adresses refusent les messages, dont { $address }
}
headline = { $what } { $total ->
    [one] est en retard
   *[other] sont en retard
}
headline-resolved = { $count ->
    [one] { $count } alerte est résolue
   *[other] { $count } alertes sont résolues
}
headline-held = { $count ->
    [one] { $count } nouvelle alerte est-elle fondée ?
   *[other] { $count } nouvelles alertes sont-elles fondées ?
}
headline-nothing-late = Aucun retard
headline-undeliverable = { $count ->
    [one] Une adresse refuse les messages
   *[other] { $count } adresses refusent les messages
}
headline-statement = { $late ->
    [one] { $late } délai est dépassé
   *[other] { $late } délais sont dépassés
}
worst-of-all = Pire cas : { $claim }, { $late }.
level-first = Niveau d’escalade { $level } : une échéance est dépassée.
level-next = Niveau d’escalade { $level } : l’échéance est dépassée, les niveaux précédents ont été prévenus et rien n’est réglé.
inherited = { $total ->
    [one] Le cas était déjà en retard quand claimwatch a commencé à le surveiller, ou quand les règles ou les calendriers ont changé. Ce message est le seul à ce sujet.
   *[other] Ces cas étaient déjà en retard quand claimwatch a commencé à les surveiller, ou quand les règles ou les calendriers ont changé. Ce seul message les réunit tous.
}
inherited-counted = Les niveaux supérieurs comptent leurs jours ouvrés à partir du { $day }, et non à partir des échéances.
inherited-counted-each = Les niveaux supérieurs comptent leurs jours ouvrés à partir du jour où chaque cas a été repris (du { $first } au { $last }), et non à partir des échéances.
resolved-told = { $count ->
    [one] Elle avait été signalée au niveau d’escalade { $level } et s’est réglée depuis. Il n’y a rien d’autre à signaler.
   *[other] Elles avaient été signalées au niveau d’escalade { $level } et se sont réglées depuis. Il n’y a rien d’autre à signaler.
}
held-why = Le passage du { $instant } aurait ouvert { $count } alertes d’un coup. C’est au-dessus de la limite de { $limit } ; d’habitude, un passage qui en ouvre en ouvre { $usual }.
held-why-without-habit = Le passage du { $instant } aurait ouvert { $count } alertes d’un coup. C’est au-dessus de la limite de { $limit } ; on ne sait pas encore combien sont habituelles.
held-kept = Elles sont retenues : rien n’en est signalé, et les tableaux de bord les montrent comme retenues.
held-fewer = { $count ->
    [one] { $count } d’entre elles est encore retenue et figure ici.
   *[other] { $count } d’entre elles sont encore retenues et figurent ici.
}
held-look = Regardez d’abord la source des demandes. Souvent, elle a changé : un import avec de mauvaises dates, un statut renommé, une colonne désormais vide.
held-release = Si elles sont fondées, libérez-les. Elles sont alors signalées comme d’habitude, dès le prochain passage.
held-release-command = claimwatch alerts release --by NOM
held-discard = Sinon, écartez-les. Elles sont alors résolues comme retirées, et ce qui est encore en retard au prochain passage est examiné à nouveau.
held-discard-command = claimwatch alerts discard --by NOM
bounced = { $address } a refusé trois messages de suite, le dernier le { $instant } : « { $words } ». Plus rien ne lui est envoyé. Cette adresse devait recevoir { $count ->
    [one] le niveau { $levels }
   *[other] les niveaux { $levels }
}.
bounced-others = Tous les autres restent prévenus des retards comme avant. Corrigez l’adresse dans la configuration, ou faites rétablir la boîte.
bounced-enable = Si elle accepte de nouveau les messages, réactivez-la. Ce qui ne lui a pas été envoyé entre-temps l’est alors, dans la mesure où le retard dure encore.
bounced-enable-command = claimwatch outbox enable { $address }
well-told = Ce qui est en retard est signalé dans des messages à part, sauf ce qui est en pause, mis en sourdine ou retenu.
well-purpose = Ce message arrive au début de chaque jour ouvré. S’il manque, claimwatch ne tourne pas ou son courrier n’arrive pas : demandez alors à la personne qui l’exploite.
all-reminders = { $total ->
    [one] Ceci est un rappel : le cas a déjà été signalé à ce niveau et reste ouvert.
   *[other] Ce sont des rappels : les cas ont déjà été signalés à ce niveau et restent ouverts.
}
some-reminders = { $reminded ->
    [one] { $reminded } rappel ;
   *[other] { $reminded } rappels ;
} { $new ->
    [one] { $new } nouveau à ce niveau.
   *[other] { $new } nouveaux à ce niveau.
}
beyond-calendars = { $count ->
    [one] { $count } de ces échéances est comptée
   *[other] { $count } de ces échéances sont comptées
} au-delà des jours que connaît un calendrier, sans les jours fériés qui s’y trouvent : { $known }.
beyond-known-until = { $calendar } ({ $source }, jusqu’au { $until })
beyond-known-between = { $calendar } ({ $source }, du { $from } au { $until })
beyond-more-calendars = { $count ->
    [one] et { $count } autre calendrier
   *[other] et { $count } autres calendriers
}
held-up = Montants en attente
held-up-without-amount = { $count ->
    [one] { $count } cas sans montant ou sans devise n’est dans aucune somme.
   *[other] { $count } cas sans montant ou sans devise ne sont dans aucune somme.
}
late-by-rule = Retards par règle
held-by-rule = Alertes retenues par règle
open-by-rule = Alertes ouvertes par règle
open-alerts = { $late } en retard, { $risk } à risque
worst-of-rule = au pire { $days }
list-worst-first = Les cas, du plus grave au moins grave
more-in-attachment = { $count ->
    [one] Et { $count } autre, dans le fichier joint { $file }.
   *[other] Et { $count } autres, tous dans le fichier joint { $file }.
}
more-than-attachment = Et { $count } autres. Le fichier joint { $file } en contient { $listed } sur { $total } ; les autres n’y tiennent pas et sont dans la table sla_alerts.
attachment = La liste complète est jointe : { $file }.
attachment-order = Ses premières lignes sont les cas présentés ici ; puis viennent les autres, l’échéance la plus ancienne d’abord.
attachment-compressed = Il est compressé : Windows 11, macOS et Linux l’ouvrent directement, les systèmes plus anciens avec 7-Zip ou gunzip.

## Mail: what was resolved, what was looked at

settled = Résolu depuis le dernier message de ce fil
settled-how = { $how ->
    [met] finalement fait à temps
    [late] fait en retard
    [restarted] le délai est reparti
    [withdrawn] retiré
   *[other] de nouveau ouvert
}
settled-more = { $named ->
    [yes] { $count ->
        [one] Et { $count } autre, dans la table sla_alerts.
       *[other] Et { $count } autres, dans la table sla_alerts.
    }
   *[no] { $count } en tout, dans la table sla_alerts.
}
coverage = Ce qui a été examiné
label-scan = Passage
label-running = Délais en cours
label-open = Alertes ouvertes
label-problems = Données
label-newest = Dernier délai
label-calendars = Calendriers
coverage-running = { $rules } ({ $count } en tout)
coverage-problems = { $count ->
    [0] aucun problème
    [one] { $count } demande ne peut être classée, ou pas entièrement ; la table data_problems dit pourquoi
   *[other] { $count } demandes ne peuvent être classées, ou pas entièrement ; la table data_problems dit pourquoi
}
coverage-none = aucun
coverage-no-alert = aucune
coverage-newest = parti le { $instant }
coverage-calendar = { $calendar } ({ $zone }), sans fin
coverage-calendar-until = { $calendar } ({ $zone }), jours fériés connus jusqu’au { $until }

## Mail: one case

label-line = Ligne de paiement
label-partner = Partenaire
label-title = Objet
label-program = Programme
label-amount = En attente
label-entity = Entité payeuse
label-status = Statut
label-counted = Compté
label-skipped = Sauté
label-due = Échéance
label-calendar = Calendrier
label-note = Remarque
label-history = Derniers événements
label-reminder = Rappel
nothing-skipped = aucun jour
reported-before = déjà signalé à ce niveau
not-late-yet = pas encore en retard
label-acknowledged = Pris en charge
acknowledged-by = par { $who }, { $date }
promised-until = promis { $end ->
    [day] d’ici la fin du { $until }
   *[instant] avant le { $until }
}
label-promise = Promesse
promise-broken = { $end ->
    [day] non tenue (promis d’ici la fin du { $until }), c’est pourquoi ce niveau arrive maintenant
    [instant] non tenue (promis avant le { $until }), c’est pourquoi ce niveau arrive maintenant
   *[other] non tenue, c’est pourquoi ce niveau arrive maintenant
}
label-silenced = En sourdine
was-silenced = mis en sourdine par { $who } { $end ->
    [day] jusqu’à la fin du { $until }
   *[instant] jusqu’au { $until }
} : { $reason }
label-inherited = Repris
inherited-on = { $day }, déjà en retard ; les niveaux supérieurs sont comptés à partir de là
history-entry = { $date }, { $status } : { $note }
history-entry-without-note = { $date }, { $status }
history-no-date = sans date

## Mail: frame

greeting = Bonjour,
support = Demandes d’assistance
answer-case = Répondre : promettre une date, ou demander le silence
covers-without-cases = Ce message a été établi le { $instant }.
covers = Ce message a été établi le { $instant } à partir des alertes alors ouvertes. Les échéances sont comptées dans le calendrier et le fuseau horaire de chaque cas.
automatic = claimwatch l’a envoyé automatiquement.
cut-row = Liste coupée ici : { $count } de plus non affichés

## Mail: test

trial-subject = [claimwatch] Message d’essai
trial-arrived = Les messages de claimwatch vous parviennent. Celui-ci est parti par { $way }, comme partirait tout autre.
trial-posted = Les messages de claimwatch arrivent bien ici. Celui-ci a été envoyé à { $way }, comme le serait tout autre message.
trial-no-claim = Il ne concerne aucune demande et n’appelle pas de réponse.
