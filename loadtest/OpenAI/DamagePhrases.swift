// The words of the simulated descriptions. `predict.py` holds the same tables; a test compares the two. Thread: any.

/// Parts of a car (three zones of four) and damages (eight) in one language. They contain no apostrophes, quotes or
/// markup, so that a text passes through JSON and HTML cleaning unchanged.
struct DamagePhrases: Sendable {
    let zones: [[String]]
    let damages: [String]
    let reference: String

    static let english = DamagePhrases(
        zones: [
            ["Front bumper", "Hood", "Windshield", "Left headlight"],
            ["Driver door", "Passenger door", "Roof", "Right front fender"],
            ["Rear bumper", "Trunk lid", "Right tail light", "Left rear quarter panel"],
        ],
        damages: [
            "deep scratches", "large dent", "crack", "chipped paint", "missing fragment", "deformation", "hail marks",
            "rust spots",
        ],
        reference: "Reference")

    /// By the primary subtag of the language code.
    static let byLanguage: [String: DamagePhrases] = [
        "en": english,
        "ru": DamagePhrases(
            zones: [
                ["Передний бампер", "Капот", "Лобовое стекло", "Левая фара"],
                ["Дверь водителя", "Дверь пассажира", "Крыша", "Правое переднее крыло"],
                ["Задний бампер", "Крышка багажника", "Правый задний фонарь", "Левое заднее крыло"],
            ],
            damages: [
                "глубокие царапины", "большая вмятина", "трещина", "сколы краски", "отсутствует фрагмент",
                "деформация", "следы града", "пятна ржавчины",
            ],
            reference: "Номер"),
        "de": DamagePhrases(
            zones: [
                ["Frontstoßstange", "Motorhaube", "Windschutzscheibe", "Linker Scheinwerfer"],
                ["Fahrertür", "Beifahrertür", "Dach", "Rechter Kotflügel"],
                ["Heckstoßstange", "Kofferraumdeckel", "Rechte Rückleuchte", "Linkes Seitenteil hinten"],
            ],
            damages: [
                "tiefe Kratzer", "große Delle", "Riss", "Lackabplatzer", "fehlendes Teilstück", "Verformung",
                "Hagelspuren", "Rostflecken",
            ],
            reference: "Referenz"),
        "fr": DamagePhrases(
            zones: [
                ["Pare-chocs avant", "Capot", "Pare-brise", "Phare gauche"],
                ["Porte conducteur", "Porte passager", "Toit", "Aile avant droite"],
                ["Pare-chocs arrière", "Hayon", "Feu arrière droit", "Aile arrière gauche"],
            ],
            damages: [
                "rayures profondes", "grande bosse", "fissure", "éclats de peinture", "morceau manquant",
                "déformation", "impacts de grêle", "taches de rouille",
            ],
            reference: "Référence"),
        "es": DamagePhrases(
            zones: [
                ["Parachoques delantero", "Capó", "Parabrisas", "Faro izquierdo"],
                ["Puerta del conductor", "Puerta del pasajero", "Techo", "Aleta delantera derecha"],
                ["Parachoques trasero", "Tapa del maletero", "Piloto trasero derecho", "Aleta trasera izquierda"],
            ],
            damages: [
                "arañazos profundos", "abolladura grande", "grieta", "pintura desconchada", "fragmento ausente",
                "deformación", "marcas de granizo", "manchas de óxido",
            ],
            reference: "Referencia"),
        "pl": DamagePhrases(
            zones: [
                ["Zderzak przedni", "Maska", "Szyba przednia", "Lewy reflektor"],
                ["Drzwi kierowcy", "Drzwi pasażera", "Dach", "Prawy błotnik przedni"],
                ["Zderzak tylny", "Klapa bagażnika", "Prawa lampa tylna", "Lewy błotnik tylny"],
            ],
            damages: [
                "głębokie rysy", "duże wgniecenie", "pęknięcie", "odpryski lakieru", "brakujący fragment",
                "deformacja", "ślady gradu", "plamy rdzy",
            ],
            reference: "Numer"),
        "it": DamagePhrases(
            zones: [
                ["Paraurti anteriore", "Cofano", "Parabrezza", "Faro sinistro"],
                ["Porta del conducente", "Porta del passeggero", "Tetto", "Parafango anteriore destro"],
                ["Paraurti posteriore", "Portellone", "Fanale posteriore destro", "Parafango posteriore sinistro"],
            ],
            damages: [
                "graffi profondi", "grossa ammaccatura", "crepa", "vernice scheggiata", "frammento mancante",
                "deformazione", "segni di grandine", "macchie di ruggine",
            ],
            reference: "Riferimento"),
        "uk": DamagePhrases(
            zones: [
                ["Передній бампер", "Капот", "Лобове скло", "Ліва фара"],
                ["Двері водія", "Двері пасажира", "Дах", "Праве переднє крило"],
                ["Задній бампер", "Кришка багажника", "Правий задній ліхтар", "Ліве заднє крило"],
            ],
            damages: [
                "глибокі подряпини", "велика вмʼятина", "тріщина", "сколи фарби", "відсутній фрагмент",
                "деформація", "сліди граду", "плями іржі",
            ],
            reference: "Номер"),
    ]

    /// Three findings chosen by the six bytes of `selector`, then `digest`.
    func sentences(selector: [UInt8], digest: String) -> String {
        let findings = zones.enumerated().map { zone, parts in
            "\(parts[Int(selector[2 * zone]) % parts.count]): \(damages[Int(selector[2 * zone + 1]) % damages.count])."
        }
        return findings.joined(separator: " ") + " \(reference) \(digest)"
    }
}
