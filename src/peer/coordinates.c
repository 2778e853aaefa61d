#include "peer/coordinates.h"

enum {
    PPM = 1000000,
    START_HEIGHT_US = 100,
    HEIGHT_MIN_US = 20,
    GAIN_DIVISOR = 4,        /* Vivaldi's c_c and c_e: a quarter */
    ERROR_FLOOR_PPM = 50000, /* nobody is believed to be more certain than 5 % */
    STEP_MIN_US = 2000,      /* the longest step of who is certain ... */
    STEP_SPAN_US = 40000,    /* ... and so much more at full error */
    GRAVITY_SHIFT = 12,    /* each sample draws 1/4096 of the way to the origin: no common drift */
    SAME_PLACE_US = 10,    /* nearer than this there is no direction */
    UNUSUAL_FACTOR = 2,    /* a sample counts as if it was off by so many medians at most ... */
    UNUSUAL_MIN_US = 1000, /* ... and this */
};

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

static uint32_t square_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1) {
        uint64_t tried = root | bit;
        if (tried * tried <= value) {
            root = tried;
        }
    }
    return (uint32_t)root;
}

static uint32_t length(const int64_t v[3])
{
    return square_root((uint64_t)(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
}

static void difference(int64_t out[3], const struct qn_coordinates *a,
                       const struct qn_coordinates *b)
{
    out[0] = (int64_t)a->x - b->x;
    out[1] = (int64_t)a->y - b->y;
    out[2] = (int64_t)a->z - b->z;
}

uint32_t qn_coordinates_distance(const struct qn_coordinates *a, const struct qn_coordinates *b)
{
    int64_t between[3];
    difference(between, a, b);
    return length(between) + (uint32_t)a->height + (uint32_t)b->height;
}

void qn_position_init(struct qn_position *position)
{
    *position = (struct qn_position){
        .at = {.height = START_HEIGHT_US, .error_ppm = QN_COORDINATES_ERROR_MAX_PPM}};
}

/* Of the ring: with half of it honest the median is an honest one's. */
static uint32_t median_off(const struct qn_position *position)
{
    uint32_t sorted[QN_POSITION_SAMPLES];
    size_t count = position->off_count;
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        while (at > 0 && sorted[at - 1] > position->off_us[i]) {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = position->off_us[i];
    }
    return sorted[count / 2];
}

static void remember_off(struct qn_position *position, uint32_t off_us)
{
    position->off_us[position->off_next] = off_us;
    position->off_next = (uint8_t)((position->off_next + 1) % QN_POSITION_SAMPLES);
    if (position->off_count < QN_POSITION_SAMPLES) {
        position->off_count++;
    }
}

/* By how much the estimate was off, cut to what is usual. */
static int64_t usual_part(struct qn_position *position, int64_t off_us)
{
    if (position->off_count == QN_POSITION_SAMPLES) {
        int64_t most = UNUSUAL_FACTOR * (int64_t)median_off(position) + UNUSUAL_MIN_US;
        int64_t cut = clamp(off_us, -most, most);
        position->cut += cut != off_us;
        off_us = cut;
    }
    return off_us;
}

/* Where two are at the same place, any direction parts them. */
static void any_direction(int64_t out[3], uint64_t chance)
{
    for (size_t i = 0; i < 3; i++) {
        out[i] = (int64_t)(chance >> (16 * i) & 0x7ff) - 1024;
    }
    out[0] += out[0] == 0;
}

static int32_t pulled(int64_t value)
{
    int64_t after = value - value / (1 << GRAVITY_SHIFT);
    return (int32_t)clamp(after, -QN_COORDINATES_AXIS_MAX_US, QN_COORDINATES_AXIS_MAX_US);
}

/* Away from them by step_us (towards them if negative), of which the heights take their share. */
static void move(struct qn_coordinates *own, const struct qn_coordinates *theirs, int64_t step_us,
                 uint64_t chance)
{
    int64_t away[3];
    difference(away, own, theirs);
    int64_t flat = length(away);
    int64_t heights = (int64_t)own->height + theirs->height;
    if (flat < SAME_PLACE_US) {
        any_direction(away, chance);
        flat = length(away);
        heights = 0; /* the height has no say until there is a direction */
    }
    int64_t whole = flat + heights;
    own->x = pulled(own->x + step_us * away[0] / whole);
    own->y = pulled(own->y + step_us * away[1] / whole);
    own->z = pulled(own->z + step_us * away[2] / whole);
    own->height = (int32_t)clamp(own->height + step_us * heights / whole, HEIGHT_MIN_US,
                                 QN_COORDINATES_AXIS_MAX_US);
}

bool qn_position_sample(struct qn_position *position, const struct qn_coordinates *theirs,
                        uint32_t rtt_us, uint64_t chance)
{
    struct qn_coordinates *own = &position->at;
    if (!qn_coordinates_are_valid(theirs) || rtt_us == 0 || rtt_us > QN_COORDINATES_RTT_MAX_US) {
        return false;
    }
    int64_t whole_us = (int64_t)rtt_us - qn_coordinates_distance(own, theirs);
    int64_t off_us = usual_part(position, whole_us);
    remember_off(position, (uint32_t)(whole_us < 0 ? -whole_us : whole_us));
    int64_t misfit_ppm = clamp((off_us < 0 ? -off_us : off_us) * PPM / rtt_us, 0, PPM);
    position->taken += 1;
    int64_t their_error = theirs->error_ppm < ERROR_FLOOR_PPM ? ERROR_FLOOR_PPM : theirs->error_ppm;
    int64_t weight_ppm = own->error_ppm * (int64_t)PPM / (own->error_ppm + their_error);
    int64_t step_max = STEP_MIN_US + (int64_t)STEP_SPAN_US * own->error_ppm / PPM;
    int64_t step_us = clamp(off_us * weight_ppm / PPM / GAIN_DIVISOR, -step_max, step_max);
    move(own, theirs, step_us, chance);
    int64_t error_ppm =
        own->error_ppm + (misfit_ppm - own->error_ppm) * weight_ppm / PPM / GAIN_DIVISOR;
    own->error_ppm = (int32_t)clamp(error_ppm, 1, QN_COORDINATES_ERROR_MAX_PPM);
    return true;
}
