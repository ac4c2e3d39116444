"""A batch with a predictable outcome: the image simulator lacks some images, and predict.py predicts the answers of the simulated OpenAI."""
import importlib.util
import os

LANGUAGES = ["ru", "en", "de"]

_place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "loadtest", "predict.py")
_spec = importlib.util.spec_from_file_location("predict", _place)
predict = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(predict)


def make(count, images_url, webhooks=()):
    """Lots with one to three images. Every tenth lacks an image, every hundredth all of them; the webhooks alternate, and each
    seventh lot has none."""
    site = images_url.rsplit("/", 1)[0]
    lots = []
    for number in range(count):
        images = [f"{images_url}/{number}-{view}.{ending}" for view, ending in
                  zip(range(1 + number % 3), ("jpg", "png", "webp"))]
        if number % 10 == 5:
            images.insert(number % len(images), f"{site}/missing/{number}.jpg")
        if number % 100 == 42:
            images = [f"{site}/missing/{number}.jpg", f"{site}/html/{number}.jpg"]
        lot = {"lot_id": f"lot-{number:05} ж", "additional_info": f"Car {number} «\U0001f697»",
               "images": [{"url": url} for url in images]}
        if webhooks and number % 7:
            lot["webhook"] = webhooks[number % len(webhooks)]
        lots.append(lot)
    return lots


def is_missing(url):
    return "/missing/" in url or "/html/" in url


def expected(lot):
    """The expected results of a lot, without times."""
    urls = [image["url"] for image in lot["images"]]
    usable = [url for url in urls if not is_missing(url)]
    reply = {"lot_id": lot["lot_id"], "processed_images": len(usable), "missing_images": [url for url in urls if is_missing(url)]}
    if not usable:
        return {**reply, "status": "failed", "descriptions": []}
    english = predict.vision(usable)
    texts = {"en": english, **{code: predict.translation(english, code) for code in LANGUAGES if code != "en"}}
    return {**reply, "status": "completed",
            "descriptions": [{"language": code, "damages": texts[code]} for code in LANGUAGES]}


def check_lot(said, lot):
    """Compares a lot of results or of a webhook with the prediction."""
    wanted = expected(lot)
    said = {name: value for name, value in said.items() if name != "processed_at"}
    if wanted["status"] == "failed":
        assert said.pop("error", ""), f"{lot['lot_id']} failed without a reason"
        said.setdefault("descriptions", [])
    assert said == wanted, f"\nsaid   {said}\nwanted {wanted}"


def check_results(results, lots):
    said = results["results"]["lots"]
    assert [lot["lot_id"] for lot in said] == [lot["lot_id"] for lot in lots], "lots are missing or in the wrong order"
    for each, lot in zip(said, lots):
        check_lot(each, lot)
    summary, ends = results["processing_summary"], [expected(lot) for lot in lots]
    assert summary["total_lots"] == summary["processed_lots"] == len(lots), summary
    assert summary["failed_lots"] == sum(1 for end in ends if end["status"] == "failed"), summary
    assert summary["total_images_processed"] == sum(end["processed_images"] for end in ends), summary
