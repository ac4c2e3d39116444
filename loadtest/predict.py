#!/usr/bin/env python3
"""Predicts the answers of `loadtest openai`; the header of OpenAI/SimulatedAnswer.swift states the rule.

As a module: vision(image_urls), vision_keys(keys), translation(english, language), image_key(url or bytes).
As a filter: one JSON object per line, {"images": [url, ...]} or {"english": html, "language": code}; the output is one JSON string per line.
"""
import hashlib
import json
import re
import sys

# language: (parts by zone, damages, the word before the digest); the same as OpenAI/DamagePhrases.swift
PHRASES = {
    "en": (
        [
            ["Front bumper", "Hood", "Windshield", "Left headlight"],
            ["Driver door", "Passenger door", "Roof", "Right front fender"],
            ["Rear bumper", "Trunk lid", "Right tail light", "Left rear quarter panel"],
        ],
        [
            "deep scratches", "large dent", "crack", "chipped paint", "missing fragment", "deformation",
            "hail marks", "rust spots",
        ],
        "Reference",
    ),
    "ru": (
        [
            ["Передний бампер", "Капот", "Лобовое стекло", "Левая фара"],
            ["Дверь водителя", "Дверь пассажира", "Крыша", "Правое переднее крыло"],
            ["Задний бампер", "Крышка багажника", "Правый задний фонарь", "Левое заднее крыло"],
        ],
        [
            "глубокие царапины", "большая вмятина", "трещина", "сколы краски", "отсутствует фрагмент",
            "деформация", "следы града", "пятна ржавчины",
        ],
        "Номер",
    ),
    "de": (
        [
            ["Frontstoßstange", "Motorhaube", "Windschutzscheibe", "Linker Scheinwerfer"],
            ["Fahrertür", "Beifahrertür", "Dach", "Rechter Kotflügel"],
            ["Heckstoßstange", "Kofferraumdeckel", "Rechte Rückleuchte", "Linkes Seitenteil hinten"],
        ],
        [
            "tiefe Kratzer", "große Delle", "Riss", "Lackabplatzer", "fehlendes Teilstück", "Verformung",
            "Hagelspuren", "Rostflecken",
        ],
        "Referenz",
    ),
    "fr": (
        [
            ["Pare-chocs avant", "Capot", "Pare-brise", "Phare gauche"],
            ["Porte conducteur", "Porte passager", "Toit", "Aile avant droite"],
            ["Pare-chocs arrière", "Hayon", "Feu arrière droit", "Aile arrière gauche"],
        ],
        [
            "rayures profondes", "grande bosse", "fissure", "éclats de peinture", "morceau manquant",
            "déformation", "impacts de grêle", "taches de rouille",
        ],
        "Référence",
    ),
    "es": (
        [
            ["Parachoques delantero", "Capó", "Parabrisas", "Faro izquierdo"],
            ["Puerta del conductor", "Puerta del pasajero", "Techo", "Aleta delantera derecha"],
            ["Parachoques trasero", "Tapa del maletero", "Piloto trasero derecho", "Aleta trasera izquierda"],
        ],
        [
            "arañazos profundos", "abolladura grande", "grieta", "pintura desconchada", "fragmento ausente",
            "deformación", "marcas de granizo", "manchas de óxido",
        ],
        "Referencia",
    ),
    "pl": (
        [
            ["Zderzak przedni", "Maska", "Szyba przednia", "Lewy reflektor"],
            ["Drzwi kierowcy", "Drzwi pasażera", "Dach", "Prawy błotnik przedni"],
            ["Zderzak tylny", "Klapa bagażnika", "Prawa lampa tylna", "Lewy błotnik tylny"],
        ],
        [
            "głębokie rysy", "duże wgniecenie", "pęknięcie", "odpryski lakieru", "brakujący fragment",
            "deformacja", "ślady gradu", "plamy rdzy",
        ],
        "Numer",
    ),
    "it": (
        [
            ["Paraurti anteriore", "Cofano", "Parabrezza", "Faro sinistro"],
            ["Porta del conducente", "Porta del passeggero", "Tetto", "Parafango anteriore destro"],
            ["Paraurti posteriore", "Portellone", "Fanale posteriore destro", "Parafango posteriore sinistro"],
        ],
        [
            "graffi profondi", "grossa ammaccatura", "crepa", "vernice scheggiata", "frammento mancante",
            "deformazione", "segni di grandine", "macchie di ruggine",
        ],
        "Riferimento",
    ),
    "uk": (
        [
            ["Передній бампер", "Капот", "Лобове скло", "Ліва фара"],
            ["Двері водія", "Двері пасажира", "Дах", "Праве переднє крило"],
            ["Задній бампер", "Кришка багажника", "Правий задній ліхтар", "Ліве заднє крило"],
        ],
        [
            "глибокі подряпини", "велика вмʼятина", "тріщина", "сколи фарби", "відсутній фрагмент", "деформація",
            "сліди граду", "плями іржі",
        ],
        "Номер",
    ),
}


def image_key(picture):
    """A URL (str) or a picture's bytes -> 8 hex digits."""
    data = picture.encode() if isinstance(picture, str) else bytes(picture)
    return hashlib.sha256(data).hexdigest()[:8]


def vision(image_urls):
    """The English description of a car whose pictures are named by URL, in the order of the request."""
    return vision_keys([image_key(url) for url in image_urls])


def vision_keys(keys):
    digest = hashlib.sha256(("vision:" + ",".join(keys)).encode()).hexdigest()[:12]
    return "<p>" + _sentences("en", digest, digest) + "</p>"


def translation(english, language):
    """The answer for the property `language` of a request to translate `english`."""
    source = _last_paragraph(english)
    digest = hashlib.sha256(("translation:%s:%s" % (language, source)).encode()).hexdigest()[:12]
    kept = re.search(r"([0-9a-f]{12})</p>\Z", source)
    selector = kept.group(1) if kept else digest
    primary = re.split("[-_]", language.strip("-_"))[0].lower()
    if primary in PHRASES:
        return "<p>" + _sentences(primary, selector, digest) + "</p>"
    return "<p>[%s] " % language + _sentences("en", selector, digest) + "</p>"


def _last_paragraph(text):
    end = text.rfind("</p>")
    start = text.rfind("<p>", 0, end) if end >= 0 else -1
    return text[start:end + 4] if start >= 0 else text


def _sentences(language, selector, digest):
    zones, damages, reference = PHRASES[language]
    chosen = bytes.fromhex(selector)
    findings = [
        "%s: %s." % (parts[chosen[2 * zone] % len(parts)], damages[chosen[2 * zone + 1] % len(damages)])
        for zone, parts in enumerate(zones)
    ]
    return "%s %s %s" % (" ".join(findings), reference, digest)


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        if "images" in asked:
            answer = vision(asked["images"])
        else:
            answer = translation(asked["english"], asked["language"])
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
