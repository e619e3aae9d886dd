/** What people say on the phone in one language. A user's line comes first in every exchange. */
export interface Language {
  /** BCP 47. */
  code: string;
  greeting: string;
  topics: readonly Topic[];
  /** Exchanges that fit anywhere, for calls that go on for long. */
  fillers: readonly Exchange[];
  farewell: Exchange;
}

export type Exchange = readonly [user: string, agent: string];

/** One reason to call, from the first question to the last. */
export interface Topic {
  issue: "billing" | "delivery" | "appointment" | "renewal" | "technical";
  exchanges: readonly Exchange[];
}

const english: Language = {
  code: "en",
  greeting: "Hello, thanks for calling. How can I help you today?",
  topics: [
    {
      issue: "billing",
      exchanges: [
        [
          "Hi, I was charged twice for the same order this month.",
          "I'm sorry about that. Could you read me the invoice number?",
        ],
        [
          "It's four, four, seven, dash, nineteen.",
          "Thank you. I can see two payments on the third; the second one should not be there.",
        ],
        ["So will I get it back?", "Yes, I've started the refund. It takes three to five working days."],
        ["Great, that was quick 🙂", "I'm glad I could sort it out. You'll get a confirmation by e-mail."],
      ],
    },
    {
      issue: "technical",
      exchanges: [
        [
          "My Widget Pro won't turn on since the update.",
          "Let's look at it together. Is the small light at the back on?",
        ],
        [
          "It blinks orange, slowly.",
          "That means it waits for the rest of the update. Please hold the button for ten seconds.",
        ],
        [
          "Hang on… okay, it's green now!",
          "Perfect. It will restart once more on its own; please leave it plugged in.",
        ],
      ],
    },
  ],
  fillers: [
    ["Sorry, could you say that again?", "Of course. Take your time, I'll go slowly."],
    ["One moment, I have to find the paper.", "No problem, I'll wait."],
    ["And what about the second one?", "The same applies to it. Let me check the details for you."],
    ["Right, I've written that down.", "Good. Shall we go on with the next point?"],
  ],
  farewell: ["No, that's all. Thank you!", "You're welcome. Have a lovely day!"],
};

const spanish: Language = {
  code: "es",
  greeting: "Hola, gracias por llamar. ¿En qué le puedo ayudar?",
  topics: [
    {
      issue: "delivery",
      exchanges: [
        [
          "Mi pedido tenía que llegar ayer y todavía no está.",
          "Lo siento mucho. ¿Me dice el número de pedido, por favor?",
        ],
        [
          "Sí, es el ocho, cero, dos, uno.",
          "Gracias. El paquete está en el almacén; el repartidor no encontró el timbre.",
        ],
        [
          "Es el segundo B, el timbre no funciona bien.",
          "Lo apunto. Mañana por la mañana se lo llevan y le llaman antes.",
        ],
        ["¡Perfecto! ¿Entre qué horas?", "Entre las nueve y las once. Le mando un mensaje con el enlace."],
      ],
    },
  ],
  fillers: [
    ["Perdone, ¿me lo puede repetir?", "Claro que sí, se lo digo más despacio."],
    ["Espere un momento, voy a por el papel.", "Tranquila, no hay prisa."],
    ["¿Y el otro artículo?", "También está en camino. Déjeme mirarlo un momento."],
  ],
  farewell: ["Nada más, muchas gracias.", "A usted. ¡Que pase un buen día!"],
};

const german: Language = {
  code: "de",
  greeting: "Guten Tag, schön, dass Sie anrufen. Was kann ich für Sie tun?",
  topics: [
    {
      issue: "appointment",
      exchanges: [
        ["Ich müsste meinen Termin am Donnerstag verschieben.", "Gern. Auf welchen Namen ist er eingetragen?"],
        ["Auf Müller, um halb zehn.", "Den habe ich gefunden. Passt Ihnen Freitag um Viertel nach acht?"],
        ["Da bin ich schon unterwegs. Geht es auch nachmittags?", "Freitag, fünfzehn Uhr dreißig wäre noch frei."],
        ["Ja, das passt großartig.", "Dann trage ich das so ein. Sie bekommen gleich eine Bestätigung."],
      ],
    },
  ],
  fillers: [
    ["Entschuldigung, das habe ich nicht verstanden.", "Kein Problem, ich sage es noch einmal."],
    ["Moment, ich hole kurz etwas zum Schreiben.", "Lassen Sie sich Zeit."],
    ["Gilt das auch für die Übergröße?", "Ja, für alle Größen. Ich prüfe das gerade noch."],
  ],
  farewell: ["Nein, das war alles. Danke schön!", "Sehr gern. Auf Wiederhören!"],
};

const hindi: Language = {
  code: "hi",
  greeting: "नमस्ते, कॉल करने के लिए धन्यवाद। मैं आपकी क्या मदद कर सकती हूँ?",
  topics: [
    {
      issue: "billing",
      exchanges: [
        ["मेरे बिल में इस महीने ज़्यादा पैसे आए हैं।", "मैं देखती हूँ। कृपया अपना ग्राहक नंबर बताइए।"],
        ["पाँच, सात, शून्य, तीन।", "धन्यवाद। इसमें पिछले महीने की बकाया राशि भी जुड़ी हुई है।"],
        ["लेकिन वह तो मैंने जमा कर दी थी।", "जी, भुगतान कल मिला है। मैं नया बिल भेज देती हूँ।"],
        ["ठीक है, कब तक आएगा?", "आज शाम तक आपके फ़ोन पर संदेश आ जाएगा।"],
      ],
    },
  ],
  fillers: [
    ["माफ़ कीजिए, आवाज़ कट रही है।", "कोई बात नहीं, मैं फिर से बताती हूँ।"],
    ["एक मिनट रुकिए।", "जी, मैं लाइन पर हूँ।"],
  ],
  farewell: ["नहीं, बस इतना ही। धन्यवाद 🙏", "आपका दिन शुभ हो!"],
};

const arabic: Language = {
  code: "ar",
  greeting: "مرحبًا، شكرًا لاتصالك. كيف يمكنني مساعدتك؟",
  topics: [
    {
      issue: "delivery",
      exchanges: [
        ["أريد أن أعرف أين وصلت الشحنة.", "بكل سرور. ما هو رقم الطلب من فضلك؟"],
        ["الرقم هو ٧٢٠٤.", "شكرًا. الشحنة الآن في مركز التوزيع وستصل غدًا."],
        ["هل يمكن تغيير العنوان؟", "نعم، أعطني العنوان الجديد وسأقوم بتحديثه الآن."],
        ["شارع الحديقة، المبنى رقم ٥.", "تم التحديث. ستصلك رسالة قبل وصول المندوب."],
      ],
    },
  ],
  fillers: [
    ["عفوًا، لم أسمعك جيدًا.", "لا بأس، سأعيد ما قلته."],
    ["لحظة من فضلك.", "تفضل، أنا في الانتظار."],
  ],
  farewell: ["لا، هذا كل شيء. شكرًا لك.", "على الرحب والسعة. مع السلامة!"],
};

const japanese: Language = {
  code: "ja",
  greeting: "お電話ありがとうございます。ご用件をお伺いします。",
  topics: [
    {
      issue: "renewal",
      exchanges: [
        ["契約の更新についてのお知らせが届いたのですが。", "ありがとうございます。お客様番号をお願いできますか。"],
        ["はい、三八〇五です。", "確認いたしました。来月末で満了のご契約でございますね。"],
        ["料金は変わりますか。", "いいえ、同じ料金のままでご利用いただけます。"],
        ["では、更新をお願いします。", "かしこまりました。本日付けで手続きいたします。"],
      ],
    },
  ],
  fillers: [
    ["すみません、もう一度お願いします。", "はい、ゆっくりご説明いたします。"],
    ["少々お待ちください。", "はい、お待ちしております。"],
  ],
  farewell: ["以上で大丈夫です。ありがとうございました。", "こちらこそ、ありがとうございました。失礼いたします。"],
};

export const languages = {
  en: english,
  es: spanish,
  de: german,
  hi: hindi,
  ar: arabic,
  ja: japanese,
} satisfies Record<string, Language>;

export type LanguageCode = keyof typeof languages;
