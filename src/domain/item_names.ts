/**
 * What is an item called? Its name is made of three words, "Dapper Crimson Teapot", from its place alone: the same on
 * every node and for ever, stored nowhere.
 *
 * A hundred words each make a million names, one for every item that a sale can have. Each sale deals them out in an
 * order of its own.
 */
import { ITEMS_MAX, SALE_NUMBER_MAX } from "./sale_ids.ts";
import { mixBits } from "./text_hash.ts";

const MANNERS = words(
  "Brave Breezy Bright Brisk Bubbly Calm Candid Capable Charming Cheerful Clever Cosy Crafty Crisp Curious Dainty " +
    "Dapper Daring Dashing Dazzling Devoted Dreamy Eager Earnest Easy Elegant Epic Fabled Faithful Famous Fancy " +
    "Fearless Festive Fine Fleet Fluffy Fond Frank Fresh Friendly Funky Gallant Gentle Gleaming Glossy Graceful Grand " +
    "Handsome Handy Happy Hearty Heroic Honest Humble Hushed Jaunty Jazzy Jolly Joyful Keen Kind Lavish Lively Lofty " +
    "Loyal Lucky Lush Mellow Merry Mighty Modest Mystic Neat Nifty Nimble Noble Patient Peppy Perky Plucky Plush " +
    "Polished Proud Quaint Quiet Quirky Regal Roaming Royal Serene Sleek Snug Spirited Sprightly Stately Sturdy " +
    "Sunny Swift Tidy Vivid",
);
const COLOURS = words(
  "Alabaster Amaranth Amber Amethyst Apricot Aqua Auburn Azure Basil Beige Bisque Blue Brass Brick Bronze Burgundy " +
    "Butter Canary Caramel Cardinal Carmine Cedar Celadon Cerise Cerulean Champagne Charcoal Cherry Chestnut " +
    "Cinnabar Cinnamon Claret Cobalt Cocoa Copper Coral Cornflower Cream Crimson Cyan Denim Ebony Ecru Emerald Fawn " +
    "Fern Flame Flax Forest Fuchsia Garnet Ginger Gold Green Hazel Heather Honey Indigo Ivory Jade Jasmine Khaki " +
    "Lavender Lemon Lilac Lime Magenta Mahogany Maroon Mauve Midnight Mint Moss Mustard Ochre Olive Opal Orange " +
    "Orchid Peach Pearl Periwinkle Pink Pistachio Plum Purple Red Rose Ruby Russet Saffron Sage Sapphire Scarlet " +
    "Sienna Silver Teal Turquoise Violet White",
);
const THINGS = words(
  "Accordion Anklet Anorak Apron Armchair Backpack Balloon Banjo Basket Beanie Bench Binoculars Blanket Bookend " +
    "Bookshelf Boots Bowl Bracelet Brooch Camera Candle Canoe Cap Cardigan Carpet Chair Clock Coat Compass Cufflinks " +
    "Cup Curtain Cushion Desk Drum Earrings Easel Fan Fiddle Flask Flute Fountain Funnel Gloves Guitar Hammock Harp " +
    "Hat Headphones Helmet Hourglass Jacket Jar Jug Kayak Kettle Keyring Kite Ladle Lamp Lantern Locket Loom Mandolin " +
    "Mirror Mittens Mug Necklace Notebook Paddle Parasol Pillow Pitcher Planter Platter Poncho Quilt Radio Raincoat " +
    "Record Rug Saddle Sandals Satchel Scarf Scooter Skateboard Sled Slippers Stool Suitcase Sundial Sweater Teapot " +
    "Telescope Tent Toaster Trumpet Umbrella Vase",
);

/** Words in each list. */
const WORDS = 100;
/** Rounds of mixing; after four, neighbours share no more words than strangers do. */
const ROUNDS = 4;

/**
 * The name of a sale's n-th item: no two items of one sale have the same.
 *
 * @param number the sale's
 * @throws RangeError where no item can have this place: the number or n is not a whole one, negative, or above
 * {@linkcode SALE_NUMBER_MAX} or {@linkcode ITEMS_MAX}
 */
export function itemNameOf(number: number, n: number): string {
  check("sale's number", number, SALE_NUMBER_MAX);
  check("item", n, ITEMS_MAX);
  // A Feistel network over three digits of base 100: each step adds to one digit what depends on the others alone, so
  // it can be undone, and so no two places come to one name.
  let manner = Math.floor(n / (WORDS * WORDS));
  let colour = Math.floor(n / WORDS) % WORDS;
  let thing = n % WORDS;
  for (let round = 0; round < ROUNDS; round++) {
    manner = (manner + hash(number, 3 * round, colour, thing)) % WORDS;
    colour = (colour + hash(number, 3 * round + 1, thing, manner)) % WORDS;
    thing = (thing + hash(number, 3 * round + 2, manner, colour)) % WORDS;
  }
  return `${MANNERS[manner]} ${COLOURS[colour]} ${THINGS[thing]}`;
}

/** 32 bits that depend on a sale's number, a step and two digits: a change of any changes half of them. */
function hash(number: number, step: number, a: number, b: number): number {
  return mixBits(Math.imul(number + 1, 0x9e3779b1) ^ Math.imul((step * WORDS + a) * WORDS + b, 0x85ebca77));
}

function words(text: string): readonly string[] {
  return text.split(" ");
}

function check(what: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`Cannot name an item as its ${what} must be 0 to ${max}: received ${value}`);
}
